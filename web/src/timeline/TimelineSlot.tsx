import { useEffect, useState } from "react";
import { useCommands } from "../commands/useCommands";
import { late } from "../ui/late";
import { readSetting, writeSetting } from "../ui/settings";
import type { TimelineProps } from "./Timeline";
import "./slot.css";

const Timeline = late(() => import("./Timeline").then((m) => m.Timeline), Place);

function Place() {
  return <section className="timeline" aria-label="Timeline" aria-busy="true" />;
}

/* `auto`: where there is room for it. */
const choices = ["auto", "on", "off"] as const;
type Choice = (typeof choices)[number];

const small = "(max-width: 700px)";

function useIsSmall(): boolean {
  const [isSmall, setSmall] = useState(() => matchMedia(small).matches);
  useEffect(() => {
    const query = matchMedia(small);
    const changed = () => setSmall(query.matches);
    query.addEventListener("change", changed);
    return () => query.removeEventListener("change", changed);
  }, []);
  return isSmall;
}

interface Props extends TimelineProps {
  /* The list's rows are painted: there is time for more. */
  ready: boolean;
}

/*
 * The timeline if the reader wants it. Its code comes after the list's rows;
 * until then its place is kept.
 */
export function TimelineSlot({ ready, ...props }: Props) {
  const [choice, setChoice] = useState<Choice>(() => readSetting("timeline", choices));
  const isSmall = useIsSmall();
  const isOn = choice === "on" || (choice === "auto" && !isSmall);

  const toggle = () => {
    const next = isOn ? "off" : "on";
    setChoice(next);
    writeSetting("timeline", next);
  };
  useCommands([
    {
      id: "timeline",
      group: "View",
      title: isOn ? "Hide the timeline" : "Show the timeline",
      keys: ["t"],
      inMenu: true,
      run: toggle,
    },
  ]);
  if (!isOn) return null;
  return ready ? <Timeline {...props} /> : <Place />;
}
