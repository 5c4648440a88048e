export function KeyNames({ keys }: { keys: readonly string[] }) {
  return (
    <span className="key-names">
      {keys.map((key) => (
        <kbd key={key}>{key}</kbd>
      ))}
    </span>
  );
}
