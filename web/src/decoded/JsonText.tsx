import { useMemo } from "react";
import { jsonTokens } from "../bodies/highlight";
import { JsonIndenter } from "../bodies/text/json";
import { visible } from "../ui/captured";

// Longer ones are read in an editor, not here.
const shownLen = 20_000;
const shortLen = 72;

/* JSON inside something else: indented where it is more than a line. */
export function JsonText({ text }: { text: string }) {
  const lines = useMemo(() => {
    if (text.length <= shortLen) return [text];
    const indenter = new JsonIndenter();
    indenter.push(text.slice(0, shownLen));
    indenter.end();
    return indenter.out.take().text.split("\n");
  }, [text]);
  return (
    <bdi className="json">
      {lines.map((line, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines never move
        <span key={index}>
          {index > 0 && "\n"}
          {jsonTokens(line).map(({ text, kind }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens never move
            <span key={at} className={kind && `json-${kind}`}>
              {visible(text)}
            </span>
          ))}
        </span>
      ))}
      {text.length > shownLen && "\u2026"}
    </bdi>
  );
}
