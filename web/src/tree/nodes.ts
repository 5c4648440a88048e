import { getDomain } from "tldts-icann";
import { exactly, noneOf, quoteOperand } from "../filter/clause";
import { replaceClause, withClause } from "../filter/combine";

export type By = "host" | "device";

/* Something to open, and the flows that it stands for. */
export interface Node {
  /* Unique in the tree. */
  id: string;
  kind: "domain" | "host" | "device" | "method";
  /* As captured. */
  value: string;
  count: number;
  errors: number;
  /* What asks for these flows, and what hides them. */
  clause: string;
  hide: string;
  /* Known already; null: asked for when the node is opened. */
  children: Node[] | null;
}

export interface Counted {
  value: string;
  count: number;
  errors: number;
}

const branchOperators = ["~d", "~device"];

/* The filter without what a click in the tree puts there: what the tree shows
 * stays as it is when a node is chosen. */
export function baseOf(filter: string): string {
  return replaceClause(filter, branchOperators, "");
}

/* The filter that asks for the flows of a node, and no other one. */
export function only(filter: string, node: Node, parents: readonly Node[]): string {
  const wanted = [...parents.filter(({ kind }) => kind !== "domain"), node];
  const bare = node.kind === "method" ? replaceClause(filter, "~m", "") : filter;
  return wanted.reduce((all, { clause }) => withClause(all, clause), baseOf(bare));
}

export function hidden(filter: string, node: Node): string {
  return withClause(filter, node.hide);
}

const operators = { host: "~d", device: "~device", method: "~m" } as const;

function leaf(
  kind: "host" | "device" | "method",
  { value, count, errors }: Counted,
  under: string,
): Node {
  const clause = `${operators[kind]} ${quoteOperand(exactly(value))}`;
  const hide = noneOf(operators[kind], value);
  const id = `${under}/${kind}:${value}`;
  const children = kind === "method" ? [] : null;
  return { id, kind, value, count, errors, clause, hide, children };
}

export function nodesOf(
  kind: "host" | "device" | "method",
  values: readonly Counted[],
  under: string,
): Node[] {
  return values.map((value) => leaf(kind, value, under));
}

/* Hosts, those of one registrable domain together where there are several. */
export function domainsOf(hosts: readonly Counted[], under: string): Node[] {
  const byDomain = new Map<string, Counted[]>();
  for (const host of hosts) {
    const domain = getDomain(host.value) ?? host.value;
    byDomain.set(domain, [...(byDomain.get(domain) ?? []), host]);
  }
  const nodes = [...byDomain].map(([domain, members]) =>
    domainNode(domain, members, under),
  );
  return nodes.sort((a, b) => b.count - a.count);
}

function domainNode(domain: string, hosts: Counted[], under: string): Node {
  const id = `${under}/domain:${domain}`;
  const children = nodesOf("host", hosts, id);
  const [first] = children;
  if (first && children.length === 1) return first;
  const ending = quoteOperand(`(^|\\.)${exactly(domain).slice(1)}`);
  const sum = (of: (host: Counted) => number) =>
    hosts.reduce((n, host) => n + of(host), 0);
  return {
    id,
    kind: "domain",
    value: domain,
    count: sum(({ count }) => count),
    errors: sum(({ errors }) => errors),
    clause: `~d ${ending}`,
    hide: `!~d ${ending}`,
    children,
  };
}
