import { copyText } from "./clipboard";
import { useSay } from "./say";

/* Copies a value; `what` names it: "cookie". */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const say = useSay();
  const copy = () => {
    copyText(text)
      .then(() => say(`Copied: ${what}`))
      .catch(say);
  };
  return (
    <button
      type="button"
      className="copy"
      aria-label={`Copy ${what}`}
      title={`Copy ${what}`}
      onClick={copy}
    >
      <svg viewBox="0 0 16 16" width="12" height="12" aria-hidden="true">
        <path
          d="M6 5.5h7v8H6zM10 5.5v-3H3v8h3"
          fill="none"
          stroke="currentColor"
          strokeWidth="1.4"
          strokeLinejoin="round"
        />
      </svg>
    </button>
  );
}
