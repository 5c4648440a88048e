import * as Menu from "@radix-ui/react-dropdown-menu";
import { type ReactNode, useRef } from "react";
import { registry } from "../commands/commands";
import type { Row } from "../connection/row";
import { setPinned } from "../detail/actions";
import { exportText, texts } from "../export/formats";
import { noneOf, onlyThese } from "../filter/clause";
import { withClause } from "../filter/combine";
import { placeSearch } from "../place/place";
import { usePlace } from "../place/usePlace";
import { useLive } from "../store/hooks";
import { rowOf } from "../store/listing";
import type { View } from "../store/store";
import { copyText } from "../ui/clipboard";
import { focusList } from "../ui/focusList";
import { landmark } from "../ui/landmark";
import type { Say } from "../ui/notice";
import { urlOf } from "./rowUrl";
import "../ui/menu.css";

/* Where on the page the menu of a flow opens. */
export interface MenuAt {
  number: number;
  x: number;
  y: number;
}

interface Props {
  at: MenuAt;
  view: View;
  onOpen(number: number): void;
  onClose(): void;
  say: Say;
}

/* A name, the filter's operator, its value. */
type Trait = readonly [name: string, operator: string, value: string];

/* What a row can be told apart by; its host first. */
function traitsOf(row: Row): Trait[] {
  const known: Trait[] = [
    ["host", "~d", row.host.replace(/:\d+$/, "")],
    ["device", "~device", row.device],
    ["method", "~m", row.kind === "http" || row.kind === "ws" ? row.badge : ""],
    ["status", "~c", /^\d+$/.test(row.status) ? row.status : ""],
    ["type", "~t", row.contentType],
    ["source", "~source", row.source],
  ];
  return known.filter(([, , value]) => value !== "");
}

function clause(operator: string, value: string, isHiding: boolean): string {
  if (operator === "~c") return isHiding ? `!~c ${value}` : `~c ${value}`;
  // A content type goes on with its parameters.
  if (operator === "~t") return onlyPrefix(value, isHiding);
  return isHiding ? noneOf(operator, value) : onlyThese(operator, value);
}

function onlyPrefix(value: string, isHiding: boolean): string {
  const text = isHiding ? noneOf("~t", value) : onlyThese("~t", value);
  return text.replace(/\$("?)$/, "$1");
}

/* Of the flow that the menu is of: the list's cursor went there with it. */
function writeNote(): void {
  registry.find(({ id }) => id === "note")?.run();
}

/* The menu of a row: it narrows the list, copies, and marks the flow. */
export function RowMenu({ at, view, onOpen, onClose, say }: Props) {
  const { place, go } = usePlace();
  const { store } = useLive();
  // What takes the focus, once the menu has given that back to the list.
  const last = useRef<(() => void) | null>(null);
  const row = rowOf(view.listing, at.number);
  if (!row) return null;
  const curl = texts.find(({ name }) => name === "curl");
  const copied = (text: Promise<string>, what: string) =>
    text.then(copyText).then(() => say(`${what} copied`), say);
  const traits = traitsOf(row);
  const host = traits.find(([name]) => name === "host");
  const others = traits.filter((trait) => trait !== host);
  const narrow = {
    onClause: (text: string) => go({ filter: withClause(place.filter, text) }, true),
  };
  const link = placeSearch({ ...place, flow: row.number, tab: "", compare: null });
  return (
    <Menu.Root open modal={false} onOpenChange={(open) => !open && onClose()}>
      <Menu.Trigger asChild>
        <span className="menu-point" style={{ left: at.x, top: at.y }} />
      </Menu.Trigger>
      <Menu.Portal container={landmark()}>
        <Menu.Content
          className="menu"
          align="start"
          aria-label={`Flow ${row.number}`}
          onCloseAutoFocus={(event) => {
            event.preventDefault();
            focusList();
            last.current?.();
          }}
        >
          <Item onSelect={() => onOpen(row.number)}>Open</Item>
          <Item
            onSelect={() => window.open(location.pathname + link, "_blank", "noopener")}
          >
            Open in a new tab
          </Item>
          {place.flow !== null && place.flow !== row.number && (
            <Item onSelect={() => go({ compare: row.number })}>
              Compare with the open flow
            </Item>
          )}
          <Menu.Separator className="menu-line" />
          {host && <Narrow trait={host} {...narrow} />}
          {host && <Narrow trait={host} isHiding {...narrow} />}
          <Others title="Only this" traits={others} {...narrow} />
          <Others title="Hide this" traits={others} isHiding {...narrow} />
          <Menu.Separator className="menu-line" />
          {(row.kind === "http" || row.kind === "ws") && (
            <Item onSelect={() => copied(urlOf(row.number), "URL")}>Copy URL</Item>
          )}
          {curl && row.kind === "http" && (
            <Item onSelect={() => copied(exportText(curl, row.number), "cURL")}>
              Copy as cURL
            </Item>
          )}
          <Menu.Separator className="menu-line" />
          <Item
            onSelect={() => {
              setPinned(store, row.number, !row.pinned).catch(say);
            }}
          >
            {row.pinned ? "Unpin" : "Pin"} <kbd>p</kbd>
          </Item>
          <Item
            onSelect={() => {
              last.current = writeNote;
            }}
          >
            {row.noted ? "Edit the note" : "Write a note"} <kbd>n</kbd>
          </Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

function Item({ onSelect, children }: { onSelect(): void; children: ReactNode }) {
  return (
    <Menu.Item className="menu-item" onSelect={onSelect}>
      {children}
    </Menu.Item>
  );
}

interface Narrowing {
  isHiding?: boolean;
  onClause(clause: string): void;
}

function Narrow({ trait, isHiding = false, onClause }: Narrowing & { trait: Trait }) {
  const [name, operator, value] = trait;
  return (
    <Item onSelect={() => onClause(clause(operator, value, isHiding))}>
      {isHiding ? "Hide" : "Only"} this {name} <bdi className="dim">{value}</bdi>
    </Item>
  );
}

function Others({
  title,
  traits,
  ...narrow
}: Narrowing & { title: string; traits: readonly Trait[] }) {
  if (traits.length === 0) return null;
  return (
    <Menu.Sub>
      <Menu.SubTrigger className="menu-item">
        {title} {"\u2026"}
      </Menu.SubTrigger>
      <Menu.Portal container={landmark()}>
        <Menu.SubContent className="menu" aria-label={title}>
          {traits.map((trait) => (
            <Narrow key={trait[0]} trait={trait} {...narrow} />
          ))}
        </Menu.SubContent>
      </Menu.Portal>
    </Menu.Sub>
  );
}
