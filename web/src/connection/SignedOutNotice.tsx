import { useView } from "../store/hooks";

const isSignedOut = ({ status }: { status: { state: string } }) =>
  status.state === "signed-out";

/* Said until it is done: what guards the server wants to know who reads. */
export function SignedOutNotice() {
  if (!useView(isSignedOut)) return null;
  return (
    <p className="notice">
      You are signed out.{" "}
      <button type="button" className="link" onClick={() => location.reload()}>
        Sign in again
      </button>
    </p>
  );
}
