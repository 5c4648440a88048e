import type { KeyboardEvent, ReactNode } from "react";
import { useCommands } from "../commands/useCommands";
import type { Panel } from "../place/place";
import { focusList } from "../ui/focusList";
import { CloseIcon } from "../ui/icons";
import { late } from "../ui/late";
import { SideGrip } from "./SideGrip";
import "./panel.css";

const Statistics = late(() =>
  import("../statistics/Statistics").then((m) => m.Statistics),
);
const Tree = late(() => import("../tree/TreePanel").then((m) => m.TreePanel));
const Proxies = late(() => import("../proxies/Proxies").then((m) => m.Proxies));

export interface PanelProps {
  /* The filter in use. */
  filter: string;
  onFilter(filter: string): void;
}

const titles: Record<Exclude<Panel, "">, string> = {
  statistics: "Statistics",
  tree: "Hosts and devices",
  proxies: "Proxies",
};

interface Props extends PanelProps {
  panel: Panel;
  onPanel(panel: Panel): void;
}

/* What stands beside the list, if the reader wants anything there. */
export function SidePanel({ panel, onPanel, ...props }: Props) {
  const toggle = (wanted: Panel) => onPanel(panel === wanted ? "" : wanted);
  useCommands(
    (["statistics", "tree", "proxies"] as const).map((id) => ({
      id,
      group: "View",
      title: titles[id],
      inMenu: true,
      run: () => toggle(id),
    })),
  );
  if (panel === "") return null;
  const bodies: Record<Exclude<Panel, "">, ReactNode> = {
    statistics: <Statistics {...props} />,
    tree: <Tree {...props} />,
    proxies: <Proxies {...props} />,
  };
  const close = () => {
    onPanel("");
    focusList();
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    close();
  };
  return (
    <aside className="beside" aria-label={titles[panel]} onKeyDown={pressed}>
      <div className="side">
        <div className="side-head">
          <h2>{titles[panel]}</h2>
          <button type="button" aria-label="Close the panel" onClick={close}>
            <CloseIcon />
          </button>
        </div>
        <div className="side-body">{bodies[panel]}</div>
      </div>
      <SideGrip />
    </aside>
  );
}
