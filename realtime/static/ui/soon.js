/** Does something a little later, once however often it is asked for meanwhile; a storm cannot put it off. */

/** Return the function that asks for `act` in `ms`; `setTimer` is for tests. */
export function soon(act, ms, setTimer = setTimeout) {
  let isAsked = false;
  return () => {
    if (isAsked) return;
    isAsked = true;
    setTimer(() => {
      isAsked = false;
      act();
    }, ms);
  };
}
