import { useOutdated } from "./outdated";

/* Said until the reader does it: parts of this page cannot be had any more. */
export function OutdatedNotice() {
  if (!useOutdated()) return null;
  return (
    <p className="notice">
      The server has a new version of this page.{" "}
      <button type="button" className="link" onClick={() => location.reload()}>
        Reload
      </button>
    </p>
  );
}
