import { type ComponentProps, type RefObject, useLayoutEffect, useRef } from "react";
import { visibleLine } from "../ui/captured";
import type { Ink } from "./explanation";

interface Props extends ComponentProps<"input"> {
  field: RefObject<HTMLInputElement | null>;
  value: string;
  ink: readonly Ink[];
}

/*
 * A plain text field whose text is drawn in colours by a layer above it, as
 * wide and scrolled as far. Where something would be drawn otherwise than the
 * field lays it out, the field draws it itself.
 */
export function InkField({ field, value, ink, ...props }: Props) {
  const layer = useRef<HTMLDivElement>(null);
  const isDrawn = value !== "" && visibleLine(value) === value;
  const follow = () => {
    if (layer.current && field.current)
      layer.current.scrollLeft = field.current.scrollLeft;
  };
  // The caret scrolls the field after each key. To ask how far is to lay out
  // the page: not for a change that is none of the text.
  // biome-ignore lint/correctness/useExhaustiveDependencies: of what is drawn
  useLayoutEffect(follow, [value, isDrawn]);
  return (
    <div className={isDrawn ? "ink-field inked" : "ink-field"}>
      <input {...props} ref={field} type="text" value={value} onScroll={follow} />
      {isDrawn && (
        <div ref={layer} className="ink" aria-hidden="true">
          {ink.map(({ text, kind }, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name
            <span key={at} className={kind ? `ink-${kind}` : undefined}>
              {text}
            </span>
          ))}
        </div>
      )}
    </div>
  );
}
