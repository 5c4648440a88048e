import { useEffect } from "react";
import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import { useSummary } from "../summary/useSummary";
import { countedOf } from "./counted";
import { domainsOf, type Node, nodesOf, only } from "./nodes";

interface Props {
  filter: string;
  node: Node;
  parents: readonly Node[];
  onChildren(id: string, children: readonly Node[]): void;
}

/* Asks for what is below one open node, for as long as it is open. */
export function Branch({ filter, node, parents, onChildren }: Props) {
  const isDevice = node.kind === "device";
  const kind = isDevice ? FacetKind.HOST : FacetKind.METHOD;
  const told = useSummary({
    filter: only(filter, node, parents),
    facets: [kind],
    limit: isDevice ? 1000 : 50,
    details: true,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: its id is all of a node that counts
  useEffect(() => {
    if (!told) return;
    const values = countedOf(told.summary, kind);
    const below = isDevice
      ? domainsOf(values, node.id)
      : nodesOf("method", values, node.id);
    onChildren(node.id, below);
  }, [told, node.id]);
  return null;
}
