import { visibleLine } from "../ui/captured";
import { type Fault, faultParts } from "./fault";

/* Under the filter box: the filter with the wrong place marked, and why. */
export function FilterFault({ filter, fault }: { filter: string; fault: Fault }) {
  const [before, wrong, after] = faultParts(filter, fault).map(visibleLine);
  return (
    <p className="filter-fault" id="filter-fault" role="alert">
      <code>
        {before}
        <mark>{wrong || "\u00a0"}</mark>
        {after}
      </code>{" "}
      {visibleLine(fault.message)}
    </p>
  );
}
