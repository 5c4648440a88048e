import { useEffect, useState } from "react";

// What is over sooner is not worth a change of the page.
const passingMs = 700;

/* `value`; what is passing only once it lasts, and the one before until then. */
export function useSettled<T>(value: T, isPassing: boolean): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), isPassing ? passingMs : 0);
    return () => clearTimeout(timer);
  }, [value, isPassing]);
  return isPassing ? settled : value;
}
