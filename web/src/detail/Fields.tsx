import type { ReactNode } from "react";
import { visibleLine } from "../ui/captured";

export type Field = [label: string, value: ReactNode];

const isBlank = (value: ReactNode) =>
  value === "" || value === null || value === undefined;

/* Pairs of label and value; those without a value are left out. */
export function Fields({ title, fields }: { title: string; fields: Field[] }) {
  const shown = fields.filter(([, value]) => !isBlank(value) && value !== false);
  if (shown.length === 0) return null;
  return (
    <section className="fields">
      <h3>{title}</h3>
      <dl>
        {shown.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{typeof value === "string" ? <bdi>{visibleLine(value)}</bdi> : value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
