import { useMemo } from "react";
import { Conversation } from "./Conversation";
import { DnsView } from "./DnsView";
import type { Decoded } from "./decode";
import { NodeList } from "./NodeList";
import { growTree } from "./tree";

/* What a body says, in the form that suits its kind. */
export function DecodedView({ decoded, bytes }: { decoded: Decoded; bytes: Uint8Array }) {
  const { kind, nodes, error, limited } = decoded;
  const tree = useMemo(
    () => (kind === "llm" || kind === "dns" ? growTree(nodes) : []),
    [kind, nodes],
  );
  return (
    <>
      {error && (
        <p className="alert" role="note">
          {nodes.length > 0 ? "Read up to here" : "This could not be read"}: {error}
        </p>
      )}
      {kind === "llm" && <Conversation branches={tree} />}
      {kind === "dns" && <DnsView branches={tree} />}
      {kind !== "llm" && kind !== "dns" && nodes.length > 0 && (
        <NodeList nodes={nodes} bytes={bytes} />
      )}
      {limited && <p className="cut-off">There is more than is shown here.</p>}
    </>
  );
}
