import { Suspense, useState } from "react";
import { MoreIcon } from "../ui/icons";
import { late } from "../ui/late";

const Menu = late(() => import("./Menu").then((m) => m.Menu));

/* The header's "..." button; its menu is loaded when it is first opened. */
export function HeaderMenu() {
  const [wanted, setWanted] = useState(false);
  const button = (
    <button
      type="button"
      className="button more"
      aria-label="More"
      aria-haspopup="menu"
      aria-expanded={false}
      onClick={() => setWanted(true)}
    >
      <MoreIcon />
    </button>
  );
  return wanted ? (
    <Suspense fallback={button}>
      <Menu />
    </Suspense>
  ) : (
    button
  );
}
