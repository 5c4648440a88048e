import { useCallback, useMemo, useState } from "react";
import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import type { PanelProps } from "../panel/SidePanel";
import { useSummary } from "../summary/useSummary";
import { plural } from "../ui/format";
import { readSetting, writeSetting } from "../ui/settings";
import { Branch } from "./Branch";
import { countedOf, othersOf } from "./counted";
import { type By, baseOf, domainsOf, hidden, type Node, nodesOf, only } from "./nodes";
import { Tree } from "./Tree";
import { linesOf } from "./walk";
import "./tree.css";

const choices: By[] = ["host", "device"];
const labels: Record<By, string> = { host: "Hosts", device: "Devices" };
const facetOf: Record<By, FacetKind> = {
  host: FacetKind.HOST,
  device: FacetKind.DEVICE,
};

/* The flows that the filter finds, by host or by device. */
export function TreePanel({ filter, onFilter }: PanelProps) {
  const [by, setBy] = useState<By>(() => readSetting("tree", choices));
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<ReadonlyMap<string, readonly Node[]>>(new Map());
  const base = baseOf(filter);
  const told = useSummary({
    filter: base,
    facets: [facetOf[by]],
    limit: 1000,
    details: true,
  });
  const roots = useMemo(() => {
    const kind = told?.asked.facets?.[0];
    if (!told || kind === undefined) return [];
    const values = countedOf(told.summary, kind);
    return kind === FacetKind.HOST
      ? domainsOf(values, "")
      : nodesOf("device", values, "");
  }, [told]);
  const lines = useMemo(() => linesOf(roots, open, asked), [roots, open, asked]);
  const onChildren = useCallback((id: string, children: readonly Node[]) => {
    setAsked((before) => new Map(before).set(id, children));
  }, []);

  const choose = (value: By) => {
    setBy(value);
    writeSetting("tree", value);
  };
  const setIsOpen = (id: string, isOpen: boolean) => {
    const next = new Set(open);
    if (isOpen) next.add(id);
    else next.delete(id);
    setOpen(next);
  };
  const others = told ? othersOf(told.summary, facetOf[by]) : 0;
  return (
    <>
      <fieldset className="tree-by" aria-label="Group by">
        {choices.map((choice) => (
          <button
            key={choice}
            type="button"
            aria-pressed={by === choice}
            onClick={() => choose(choice)}
          >
            {labels[choice]}
          </button>
        ))}
      </fieldset>
      {lines
        .filter(({ isOpen, node }) => isOpen && node.children === null)
        .map(({ node, parents }) => (
          <Branch
            key={node.id}
            filter={base}
            node={node}
            parents={parents}
            onChildren={onChildren}
          />
        ))}
      {told && lines.length === 0 && <p className="tree-note dim">No flows.</p>}
      <Tree
        label={labels[by]}
        lines={lines}
        isChosen={({ node, parents }) => only(filter, node, parents) === filter}
        onIsOpen={setIsOpen}
        onOnly={({ node, parents }) => {
          const wanted = only(filter, node, parents);
          onFilter(wanted === filter ? base : wanted);
        }}
        onHide={({ node }) => onFilter(hidden(filter, node))}
      />
      {others > 0 && (
        <p className="tree-note dim">and {plural(others, "flow")} of others</p>
      )}
    </>
  );
}
