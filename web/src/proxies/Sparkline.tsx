const width = 240;
const height = 32;

/* Counts of the last seconds as small bars, the newest at the right. */
export function Sparkline({
  values,
  label,
}: {
  values: readonly number[];
  label: string;
}) {
  const most = Math.max(1, ...values);
  const step = width / Math.max(1, values.length);
  const bars = values.map((value, at) => {
    const tall = value > 0 ? Math.max(1.5, (value / most) * (height - 1)) : 0;
    return (
      tall &&
      `M${(at * step).toFixed(1)} ${height}v${-tall.toFixed(1)}h${(step - 1).toFixed(1)}v${tall.toFixed(1)}z`
    );
  });
  return (
    <svg
      className="sparkline"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
    >
      <path d={bars.filter(Boolean).join("")} fill="currentColor" />
    </svg>
  );
}
