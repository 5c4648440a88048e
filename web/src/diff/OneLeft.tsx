import type { Missing } from "./message";
import { Name } from "./Name";

interface Props {
  missing: Missing;
  onLeft(number: number | null): void;
  onAnother(number: number): void;
}

/* Which flow cannot be compared, and how to go on with the other. */
export function OneLeft({ missing: { numbers, left }, onLeft, onAnother }: Props) {
  const number = left?.summary ? Number(left.summary.number) : null;
  const why =
    numbers.length > 1
      ? `Flows ${numbers.join(" and ")} are not kept here. They were deleted, or made room for newer ones.`
      : `Flow ${numbers.join("")} is not kept here. It was deleted, or made room for newer ones.`;
  return (
    <div className="nothing" role="alert">
      <p>{why}</p>
      {left && (
        <div>
          <p>It was to be compared with flow {number}:</p>
          <Name flow={left} />
        </div>
      )}
      <div className="diff-next">
        {number !== null && (
          <button type="button" className="button" onClick={() => onAnother(number)}>
            Compare with another flow
          </button>
        )}
        <button type="button" className="button" onClick={() => onLeft(number)}>
          End the comparison
        </button>
      </div>
    </div>
  );
}
