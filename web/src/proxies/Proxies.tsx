import { FacetKind } from "../gen/mitmflow/v1/mitmflow_pb";
import type { PanelProps } from "../panel/SidePanel";
import { clauseOf, hasClause, toggled } from "../statistics/clauses";
import { useView } from "../store/hooks";
import { formatSize, plural } from "../ui/format";
import {
  formatRate,
  healthOf,
  healthWords,
  lagWords,
  lostOf,
  type ProxyState,
  rateOf,
  waitingWords,
} from "./proxy";
import { Sparkline } from "./Sparkline";
import { useProxies } from "./useProxies";
import "./proxies.css";

/* How every proxy is doing that sends flows, or did a while ago. */
export function Proxies(props: PanelProps) {
  const proxies = useProxies();
  if (!proxies) return <p className="proxy-note dim" aria-busy="true" />;
  if (proxies.length === 0)
    return (
      <p className="proxy-note dim">
        No proxy has sent anything in the last ten minutes. One appears here as soon as
        its exporter connects.
      </p>
    );
  return (
    <ul className="proxies">
      {proxies.map((proxy) => (
        <li key={proxy.key}>
          <ProxyCard proxy={proxy} {...props} />
        </li>
      ))}
    </ul>
  );
}

function ProxyCard({ proxy, filter, onFilter }: PanelProps & { proxy: ProxyState }) {
  const losses = useView((view) => view.losses);
  const lost = lostOf(proxy, losses);
  const now = rateOf(proxy.flows, 10);
  const minute = rateOf(proxy.flows, 60);
  const bytes = formatSize(rateOf(proxy.bytes, 10));
  const facts: [string, string][] = [
    ["Late by", lagWords(proxy)],
    ["Waits there", waitingWords(proxy)],
    ["From", [proxy.peer, proxy.transport].filter(Boolean).join(" by ")],
  ];
  if (proxy.versions) facts.push(["Runs", proxy.versions]);
  return (
    <article className="proxy" aria-label={`Proxy ${proxy.name}`}>
      <div className="proxy-head">
        <h3>
          <bdi>{proxy.name}</bdi>
        </h3>
        {proxy.source && (
          <button
            type="button"
            aria-pressed={hasClause(filter, clauseOf(FacetKind.SOURCE, proxy.source))}
            onClick={() => onFilter(toggled(filter, FacetKind.SOURCE, proxy.source))}
          >
            Only its flows
          </button>
        )}
      </div>
      <p className={`proxy-health is-${healthOf(proxy)}`}>{healthWords(proxy)}</p>
      <p className="proxy-rate">
        <strong>{formatRate(now)}</strong> <span>{bytes}/s</span>
        <span className="dim">last minute {formatRate(minute)}</span>
      </p>
      <Sparkline
        values={proxy.flows}
        label={`Flows in each of the last 60 seconds, ${Math.max(0, ...proxy.flows)} at most`}
      />
      <dl className="proxy-facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
        {lost > 0 && (
          <div>
            <dt>Lost</dt>
            <dd className="tone-bad">{plural(lost, "flow")}</dd>
          </div>
        )}
      </dl>
    </article>
  );
}
