// `#name` as an ordinary member. Chromium 85 and Safari 14 have no private members; esbuild would write each as a WeakMap of its
// own, which costs bytes and time. The compiler has checked their privacy before.
export const PRIVATE = /^__our_/; // esbuild gives these names one or two letters

/** `_name`, signature_pad's own sign for a private member, in the same way. */
export const openUnderscored = (source) => source.replace(/\b_(?=[a-z])/g, "__our_");

export function openPrivates(source) {
  const names = new Set(
    [
      ...source.matchAll(/^\s+(?:(?:static|readonly|async|get|set) )*#(\w+)/gm),
      ...source.matchAll(/\bthis\.#(\w+)/g),
    ].map(([, name]) => name),
  );
  if (names.size === 0) return source;
  const all = [...names].join("|");
  return source.replace(
    new RegExp(`(^\\s+(?:(?:static|readonly|async|get|set) )*|[\\w)\\]]\\??\\.)#(${all})\\b`, "gm"),
    "$1__our_$2",
  );
}
