import { type ReactNode, useId, useState } from "react";
import { late } from "../ui/late";

const ClientCode = late(
  () => import("../wireguard/ClientCode").then((m) => m.ClientCode),
  () => <p aria-busy="true" />,
);

interface Mode {
  name: string;
  /* When it is the one to take. */
  use: string;
  /* What mitmproxy is told; "" : nothing. */
  mode: string;
  /* What the other side does then. */
  next: string;
  /* What more there is to do, in the page. */
  More?: () => ReactNode;
}

const modes: readonly Mode[] = [
  {
    name: "Regular",
    use: "Programs and browsers that can be told of a proxy.",
    mode: "",
    next: "curl -x http://127.0.0.1:8080 http://example.com/",
  },
  {
    name: "WireGuard",
    use: "Phones and whole machines: one configuration for each tells them apart.",
    mode: "--mode wireguard:phone1.conf@51821",
    next: "mitmdump prints the client's configuration: import it on the phone.",
    More: () => <ClientCode />,
  },
  {
    name: "Transparent",
    use: "A gateway that sends traffic of its network through.",
    mode: "--mode transparent",
    next: "nft add rule ip nat prerouting tcp dport { 80, 443 } redirect to :8080",
  },
  {
    name: "Reverse",
    use: "One server of yours, with the proxy before it.",
    mode: "--mode reverse:http://127.0.0.1:3000",
    next: "curl http://127.0.0.1:8080/",
  },
  {
    name: "SOCKS",
    use: "Programs that speak SOCKS5, and more than HTTP.",
    mode: "--mode socks5",
    next: "curl --socks5-hostname 127.0.0.1:8080 http://example.com/",
  },
  {
    name: "Local",
    use: "Programs on this machine that cannot be told of a proxy.",
    mode: "--mode local:curl",
    next: "curl http://example.com/",
  },
];

/* How to connect a proxy, for each of mitmproxy's modes. */
export function SetUp() {
  const [chosen, setChosen] = useState(0);
  const id = useId();
  const mode = modes[chosen] ?? modes[0];
  if (!mode) return null;
  const { protocol, host } = location;
  const start = [
    "mitmdump -s build/exporter/mitmflow_exporter.py",
    `--set grpc_addr=${protocol}//${host}`,
    mode.mode,
  ];
  return (
    <>
      <p>Start mitmproxy with the exporter, in the mode that fits:</p>
      <fieldset className="modes">
        <legend className="hidden">Mode of the proxy</legend>
        {modes.map(({ name }, at) => (
          <label key={name}>
            <input
              type="radio"
              name={id}
              checked={at === chosen}
              onChange={() => setChosen(at)}
            />
            {name}
          </label>
        ))}
      </fieldset>
      <p className="dim">{mode.use}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it may have to be scrolled */}
      <pre tabIndex={0}>{start.filter(Boolean).join(" \\\n  ")}</pre>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it may have to be scrolled */}
      <pre tabIndex={0}>{mode.next}</pre>
      {mode.More && <mode.More />}
      <p className="dim">
        For HTTPS the client has to trust mitmproxy's certificate: open http://mitm.it
        through the proxy. Flows appear here while they happen.
      </p>
    </>
  );
}
