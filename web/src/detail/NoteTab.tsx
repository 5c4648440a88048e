import { useEffect, useRef, useState } from "react";
import { useLive } from "../store/hooks";
import type { Say } from "../ui/notice";
import { setNote } from "./actions";

interface Props {
  number: number;
  note: string;
  /* Takes the focus each time that this grows. */
  writing: number;
  say: Say;
}

/*
 * The note is plain text. It is saved by its button and, so that nothing
 * typed is lost, also when the reader leaves it.
 */
export function NoteTab({ number, note, writing, say }: Props) {
  const { store } = useLive();
  const [text, setText] = useState(note);
  const [kept, setKept] = useState(note);
  const field = useRef<HTMLTextAreaElement>(null);
  const dirty = text !== kept;

  useEffect(() => {
    if (writing > 0) field.current?.focus();
  }, [writing]);

  // Another reader's change shows, unless this one is writing.
  const before = useRef(kept);
  before.current = kept;
  useEffect(() => {
    setText((shown) => (shown === before.current ? note : shown));
    setKept(note);
  }, [note]);

  const save = () => {
    if (text === kept) return;
    setKept(text);
    setNote(store, number, text).catch((error) => {
      setKept(kept);
      say(error);
    });
  };
  const latest = useRef(save);
  latest.current = save;
  useEffect(() => () => latest.current(), []);

  return (
    <div className="note">
      <textarea
        ref={field}
        aria-label="Note"
        placeholder="What is to be remembered of this flow"
        value={text}
        rows={8}
        onChange={(event) => setText(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <div className="buttons">
        <button type="button" className="button primary" disabled={!dirty} onClick={save}>
          Save
        </button>
        <span className="dim" role="status">
          {dirty ? "Not saved yet" : text ? "Saved" : ""}
        </span>
      </div>
    </div>
  );
}
