import { useEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { useLive } from "../store/hooks";
import { late } from "../ui/late";
import { useSay } from "../ui/say";
import { setNote } from "./actions";

interface Props {
  number: number;
  note: string;
  /* Takes the focus each time that this grows. */
  writing: number;
}

const Markdown = late(() => import("./Markdown").then((m) => m.default));

/*
 * The note is Markdown, and shown as such while nobody writes. It is saved by its button and, so that nothing
 * typed is lost, also when the reader leaves it.
 */
export function NoteTab({ number, note, writing }: Props) {
  const say = useSay();
  const { store } = useLive();
  const [text, setText] = useState(note);
  const [kept, setKept] = useState(note);
  const [editing, setEditing] = useState(note === "" || writing > 0);
  const field = useRef<HTMLTextAreaElement>(null);
  const editor = useRef<HTMLButtonElement>(null);
  const dirty = text !== kept;

  useEffect(() => {
    if (writing > 0) setEditing(true);
  }, [writing]);
  useEffect(() => {
    if (editing && writing > 0) field.current?.focus();
  }, [editing, writing]);

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

  const read = () => {
    save();
    flushSync(() => setEditing(false));
    editor.current?.focus();
  };
  const edit = () => {
    flushSync(() => setEditing(true));
    field.current?.focus();
  };

  if (!editing) {
    return (
      <div className="note">
        <div className="markdown">
          <Markdown text={text} />
        </div>
        <div className="buttons">
          <button ref={editor} type="button" className="button" onClick={edit}>
            Edit
          </button>
        </div>
      </div>
    );
  }
  return (
    <div className="note">
      <textarea
        ref={field}
        aria-label="Note"
        placeholder="What is to be remembered of this flow, in Markdown"
        value={text}
        rows={8}
        onChange={(event) => setText(event.target.value)}
        onBlur={save}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (text) read();
          else document.getElementById("tab-note")?.focus();
        }}
      />
      <div className="buttons">
        <button
          type="button"
          className="button primary"
          // One that is disabled would lose the focus.
          aria-disabled={!dirty}
          onClick={save}
        >
          Save
        </button>
        {text && (
          <button type="button" className="button" onClick={read}>
            Read
          </button>
        )}
        <span className="dim" role="status">
          {dirty ? "Not saved yet" : text ? "Saved" : ""}
        </span>
      </div>
    </div>
  );
}
