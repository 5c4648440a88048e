import { useEffect, useState } from "react";

/* False until what `ready` came with is painted: what can wait begins then. */
export function usePainted(ready: boolean): boolean {
  const [painted, setPainted] = useState(false);
  useEffect(() => {
    if (!ready) return;
    const timer = setTimeout(() => setPainted(true));
    return () => clearTimeout(timer);
  }, [ready]);
  return painted;
}
