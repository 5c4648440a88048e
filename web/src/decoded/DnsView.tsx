import { NodeKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { CopyButton } from "../ui/CopyButton";
import { visibleName } from "../ui/captured";
import { NodeList } from "./NodeList";
import { type Branch, flatten } from "./tree";

const isRow = ({ node }: Branch) => node.kind === NodeKind.ROW;

/* A DNS message: its facts, then a table of records for each section. */
export function DnsView({ branches }: { branches: Branch[] }) {
  const isSection = ({ children }: Branch) => children.some(isRow);
  const sections = branches.filter(isSection);
  const rest = branches.filter((branch) => !isSection(branch));
  return (
    <>
      <NodeList nodes={flatten(rest)} bytes={new Uint8Array()} />
      {sections.map((section, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: sections never move
        <Records key={index} section={section} />
      ))}
    </>
  );
}

function Records({ section }: { section: Branch }) {
  const { node, children } = section;
  const rows = children.filter(isRow);
  const others = children.filter((child) => !isRow(child));
  // Nothing but its class is told of what was asked for.
  const isAsked = rows.every(({ node }) => node.also === "");
  return (
    <section className="fields">
      <h4>
        {node.name} <small>{node.also}</small>
      </h4>
      <table className="records">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Type</th>
            <th scope="col">{isAsked ? "Class" : "Data"}</th>
            {!isAsked && <th scope="col">Class, TTL</th>}
            <th scope="col">
              <span className="sr-only">Copy</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ node: row }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: records may repeat, and never move
            <tr key={index}>
              <td>
                <bdi>{visibleName(row.name)}</bdi>
              </td>
              <td>
                <bdi>{visibleName(row.type)}</bdi>
              </td>
              <td>
                <bdi>{visibleName(row.text)}</bdi>
              </td>
              {!isAsked && (
                <td>
                  <bdi>{visibleName(row.also)}</bdi>
                </td>
              )}
              <td className="act">
                <CopyButton
                  text={isAsked ? row.name : row.text || row.name}
                  what={`${row.type} record`}
                />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {others.length > 0 && <NodeList nodes={flatten(others)} bytes={new Uint8Array()} />}
    </section>
  );
}
