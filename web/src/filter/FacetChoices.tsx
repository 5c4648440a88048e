import { useEffect, useId, useState } from "react";
import { visibleName } from "../ui/captured";
import { formatCount } from "../ui/format";
import { type Chip, type ChipState, chipState, withChip, withoutChip } from "./chips";
import { type Facet, facetOf } from "./facets";
import { uncounted } from "./facetValue";
import { byStatus, statusClasses } from "./statuses";

export interface ChoicesProps {
  chip: Chip;
  filter: string;
  onFilter(filter: string): void;
}

const none: ChipState = { negated: false, values: [], others: [] };
// More than these are found by searching among them.
const shownMost = 200;

/* The values of one facet, to be chosen or hidden. */
export function FacetChoices({ chip, filter, onFilter }: ChoicesProps) {
  const [search, setSearch] = useState("");
  const rest = withoutChip(chip, filter);
  const { facet, failed } = useFacet(chip, rest);
  const state = chipState(chip, filter) ?? none;
  // Chosen ones come first; where they were when it was opened, they stay.
  const [first] = useState(state.values);
  const [hides, setHides] = useState(state.negated);

  const put = (next: Partial<ChipState>) => {
    const changed = { ...state, negated: hides, ...next };
    setHides(changed.negated);
    onFilter(withChip(chip, filter, changed));
  };
  const toggle = (value: string, isOn: boolean) =>
    put({
      values: isOn
        ? [...state.values, value]
        : state.values.filter((chosen) => chosen !== value),
    });

  const counts = new Map(facet?.values.map(({ value, count }) => [value, count]));
  if (chip.id === "status")
    for (const [name, n] of statusClasses(facet)) counts.set(name, n);
  if (chip.id === "type" && counts.has("http")) counts.set("websocket", uncounted);
  const rank = chip.id === "status" ? byStatus([...counts.keys()]) : [...counts.keys()];
  const values = [...new Set([...first, ...state.values, ...rank])];
  const needle = search.toLowerCase();
  const found = values.filter((value) => value.toLowerCase().includes(needle));

  return (
    <>
      {values.length > 8 && (
        <input
          className="text-field"
          type="search"
          placeholder={`Search ${chip.plural}`}
          aria-label={`Search ${chip.plural}`}
          value={search}
          onChange={(event) => setSearch(event.target.value)}
        />
      )}
      <ShowOrHide hides={hides} onHides={(negated) => put({ negated })} />
      {failed && <p className="popover-note">The values could not be counted.</p>}
      {facet && values.length === 0 && (
        <p className="popover-note">No {chip.plural} have been captured.</p>
      )}
      <ul className="choices" aria-label={chip.plural} aria-busy={!facet && !failed}>
        {found.slice(0, shownMost).map((value) => (
          <li key={value}>
            <label>
              <input
                type="checkbox"
                checked={state.values.includes(value)}
                onChange={(event) => toggle(value, event.target.checked)}
              />
              <span>{visibleName(value)}</span>
              <span className="choice-count">{countText(counts.get(value))}</span>
            </label>
          </li>
        ))}
      </ul>
      <Rest facet={facet} hidden={found.length - shownMost} plural={chip.plural} />
    </>
  );
}

function countText(count: number | undefined): string {
  return count === uncounted ? "" : formatCount(count ?? 0);
}

function useFacet(chip: Chip, filter: string): { facet: Facet | null; failed: boolean } {
  const [facet, setFacet] = useState<Facet | null>(null);
  const [failed, setFailed] = useState(false);
  const { facet: kind } = chip;
  useEffect(() => {
    let isOld = false;
    if (kind === null) return;
    facetOf(kind, filter).then(
      (found) => {
        if (!isOld) setFacet(found);
      },
      () => {
        if (!isOld) setFailed(true);
      },
    );
    return () => {
      isOld = true;
    };
  }, [kind, filter]);
  return { facet, failed };
}

function ShowOrHide({
  hides,
  onHides,
}: {
  hides: boolean;
  onHides(hides: boolean): void;
}) {
  const name = useId();
  return (
    <fieldset className="show-or-hide">
      <legend className="visually-hidden">Flows with these</legend>
      {[false, true].map((value) => (
        <label key={String(value)}>
          <input
            type="radio"
            name={name}
            checked={hides === value}
            onChange={() => onHides(value)}
          />
          {value ? "Hide these" : "Only these"}
        </label>
      ))}
    </fieldset>
  );
}

interface RestProps {
  facet: Facet | null;
  hidden: number;
  plural: string;
}

function Rest({ facet, hidden, plural }: RestProps) {
  if (hidden > 0)
    return <p className="popover-note">{formatCount(hidden)} more: search for them.</p>;
  if (facet && facet.others > 0)
    return (
      <p className="popover-note">
        {formatCount(facet.others)} flows have other {plural}.
      </p>
    );
  return null;
}
