import * as Menu from "@radix-ui/react-dropdown-menu";
import { exportText, exportUrl, type Format, files, texts } from "../export/formats";
import { copyText } from "../ui/clipboard";
import { landmark } from "../ui/landmark";
import type { Say } from "../ui/notice";
import "../ui/menu.css";

interface Props {
  number: number;
  url: string;
  disabled: boolean;
  onCompare(): void;
  say: Say;
}

/* The open flow as something else: to paste, or as a file. */
export function CopyMenu({ number, url, disabled, onCompare, say }: Props) {
  const copy = (label: string, text: string | Promise<string>) => {
    Promise.resolve(text)
      .then(copyText)
      .then(() => say(`${label} copied`))
      .catch(say);
  };
  const har = files.find(({ name }) => name === "har");
  const copied: Format[] = har ? [...texts, har] : [...texts];
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className="menu-button" disabled={disabled}>
        Copy…
      </Menu.Trigger>
      <Menu.Portal container={landmark()}>
        <Menu.Content className="menu" align="end" sideOffset={4} collisionPadding={8}>
          <Menu.Label className="menu-label">Copy as</Menu.Label>
          {url && (
            <Menu.Item className="menu-item" onSelect={() => copy("URL", url)}>
              URL
            </Menu.Item>
          )}
          {copied.map((format) => (
            <Menu.Item
              key={format.name}
              className="menu-item"
              onSelect={() => copy(format.label, exportText(format, number))}
            >
              {format.label}
            </Menu.Item>
          ))}
          <Menu.Separator className="menu-line" />
          <Menu.Label className="menu-label">Save as</Menu.Label>
          {files.map((format) => (
            <Menu.Item key={format.name} className="menu-item" asChild>
              <a href={exportUrl(format, { number })} download>
                {format.label}
              </a>
            </Menu.Item>
          ))}
          <Menu.Separator className="menu-line" />
          <Menu.Item className="menu-item" onSelect={onCompare}>
            Compare with another flow
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
