/** What a schedule knows of the county when it begins. */
export interface Served {
  id: string;
  name: string;
}

export interface County {
  /** ms since 1970. */
  now: number;
  village: string;
  /** Whoever can be visited there, each due for a verification. */
  residents: Served[];
  /** A backup was verified: `kept_to` follows backups, and the database may be put back to the last. */
  backups: boolean;
}
