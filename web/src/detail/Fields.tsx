import type { ReactNode } from "react";
import { visibleLine, visibleName } from "../ui/captured";
import { LongValue } from "./LongValue";

/* A string is a name, an address or a figure; what people write: see prose(). */
export type Field = [label: string, value: ReactNode];

export function prose(text: string): ReactNode {
  return text && <LongValue text={visibleLine(text)} />;
}

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
            <dd>
              {typeof value === "string" ? (
                <LongValue text={visibleName(value)} />
              ) : (
                value
              )}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
