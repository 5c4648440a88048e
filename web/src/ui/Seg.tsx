/* A choice of one of a few, side by side. */
export function Seg<T extends string>({
  label,
  options,
  value,
  onValue,
}: {
  label: string;
  options: readonly (readonly [value: T, text: string])[];
  value: T;
  onValue(value: T): void;
}) {
  return (
    <fieldset className="seg" aria-label={label}>
      {options.map(([name, text]) => (
        <button
          key={name}
          type="button"
          aria-pressed={name === value}
          onClick={() => onValue(name)}
        >
          {text}
        </button>
      ))}
    </fieldset>
  );
}
