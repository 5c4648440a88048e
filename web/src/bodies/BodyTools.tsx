import type { Ref, RefObject } from "react";
import { copyText } from "../ui/clipboard";
import { formatSize } from "../ui/format";
import { useSay } from "../ui/say";
import { charsetOf } from "./kinds";
import type { BodySource } from "./source";
import type { TextHandle } from "./text/LazyText";
import type { LoadedBody } from "./useBody";
import { useSave } from "./useSave";

interface Props {
  body: LoadedBody;
  source: BodySource;
  fileName: string;
  raw: boolean;
  /* Null: it was on the wire as it is. */
  onRaw: ((raw: boolean) => void) | null;
  onRawRef: Ref<HTMLButtonElement>;
  /* The text that is shown, if one is. */
  text: RefObject<TextHandle | null> | null;
  canFold: boolean;
}

/* What can be done with a body. */
export function BodyTools(props: Props) {
  const { body, source, fileName, raw, onRaw, text, canFold } = props;
  const say = useSay();
  const { came, save, cancel } = useSave(source, fileName, say);
  const copy = () => {
    const charset = charsetOf(body.info?.charset ?? "");
    copyText(new TextDecoder(charset).decode(body.bytes))
      .then(() => say(body.size === null ? "Copied what is shown" : "Body copied"))
      .catch(say);
  };
  return (
    <>
      {onRaw && (
        <button
          ref={props.onRawRef}
          type="button"
          aria-pressed={raw}
          title="As it was on the wire, with its content encoding"
          onClick={() => onRaw(!raw)}
        >
          On the wire
        </button>
      )}
      {canFold && (
        <button type="button" onClick={() => text?.current?.fold()}>
          Fold
        </button>
      )}
      {text && (
        <button type="button" onClick={() => text.current?.search()}>
          Search
        </button>
      )}
      {body.info?.isText && !raw && (
        <button type="button" onClick={copy}>
          Copy
        </button>
      )}
      {came === null ? (
        <button
          type="button"
          onClick={() => save(body.size === null ? null : body.bytes, raw)}
        >
          Save
        </button>
      ) : (
        <button type="button" onClick={cancel}>
          Cancel ({formatSize(came)})
        </button>
      )}
    </>
  );
}
