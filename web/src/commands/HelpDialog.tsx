import { useEffect, useState } from "react";
import { allOperators, type Operator } from "../filter/explain";
import { CloseLine, Dialog } from "../ui/Dialog";
import type { Command, Group } from "./commands";
import { KeyNames } from "./KeyNames";
import { keysOf } from "./keyNames";
import { useAllCommands } from "./useCommands";
import "./help.css";

const groups: Group[] = ["List", "Flow", "Filter", "View", "Page"];

const examples: [string, string][] = [
  ["needle", "any text in a flow"],
  ["~m POST & ~c 5xx", "method and status"],
  ["~d example.com | ~e", "host; or failed"],
  ["!~u /ping", "not this URL"],
];

/* Made of what the page and the server say of themselves. */
export function HelpDialog({ onClose }: { onClose(): void }) {
  const commands = useAllCommands().filter((command) => keysOf(command).length > 0);
  return (
    <Dialog title="Keys and filters" onClose={onClose} className="help-dialog">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, by keys too */}
      <div className="help-columns" tabIndex={0}>
        <section aria-label="Keys">
          {groups.map((group) => (
            <Keys
              key={group}
              group={group}
              commands={commands.filter((command) => command.group === group)}
            />
          ))}
          <p className="dim">No key deletes anything.</p>
        </section>
        <section aria-label="Filters">
          <h3>Filters</h3>
          <dl className="keys">
            {examples.map(([filter, what]) => (
              <div key={filter}>
                <dt>
                  <code>{filter}</code>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
          <Operators />
        </section>
      </div>
      <CloseLine onClose={onClose} />
    </Dialog>
  );
}

function Keys({ group, commands }: { group: Group; commands: readonly Command[] }) {
  if (commands.length === 0) return null;
  return (
    <>
      <h3>{group}</h3>
      <dl className="keys">
        {commands.map((command) => (
          <div key={command.id}>
            <dt>
              <KeyNames keys={keysOf(command)} />
            </dt>
            <dd>{command.title}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function Operators() {
  const [operators, setOperators] = useState<readonly Operator[]>([]);
  useEffect(() => {
    allOperators().then(setOperators, () => {});
  }, []);
  if (operators.length === 0) return null;
  return (
    <>
      <h3>Operators</h3>
      <dl className="keys">
        {operators.map(({ name, finds, takesOperand }) => (
          <div key={name}>
            <dt>
              <code>{name}</code>
            </dt>
            <dd>
              {finds}
              {takesOperand && " \u2026"}
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
