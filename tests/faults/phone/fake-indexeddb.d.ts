// fake-indexeddb has types for these, but does not export them.
declare module "fake-indexeddb/lib/FDBDatabase";
declare module "fake-indexeddb/lib/FDBObjectStore";
