/**
 * What we wrote by hand in pwa/wire.ts against what api/phone/wire.py generates: a change on one side alone fails `tsc`.
 * Nothing here runs.
 */
import type * as made from "../../pwa/generated/wire.ts";
import type * as ours from "../../pwa/wire.ts";

type Fits<From extends To, To> = From;

// What we send is what the county takes.
export type Sends = [
  Fits<ours.SyncRequest, made.SyncRequest>,
  Fits<ours.MailboxRequest, made.MailboxRequest>,
  Fits<ours.EnrolmentRequest, made.EnrolmentRequest>,
  Fits<ours.SealedItem, made.SealedItem>,
  Fits<ours.BlobRef, made.BlobRef>,
  Fits<ours.EventKind, keyof made.Bodies>,
];

// What the county says is what we read; members it leaves out stand in ours as `filled` puts them back.
export type Hears = [
  Fits<made.EnrolmentClaim, ours.EnrolmentClaim>,
  Fits<made.EnrolmentState, ours.EnrolmentState>,
  Fits<made.MailboxAnswer["epoch"], ours.MailboxAnswer["epoch"]>,
  Fits<keyof made.SyncAnswer, keyof ours.SyncAnswer>,
  Fits<keyof made.ResidentCard, keyof ours.ResidentCard>,
  Fits<keyof made.Me, keyof ours.Me>,
  Fits<keyof made.County, keyof ours.County>,
  Fits<keyof made.BadgeRow, keyof ours.BadgeRow>,
  Fits<keyof made.InboxRow, keyof ours.InboxRow>,
  Fits<made.InboxRow["kind"], ours.InboxRow["kind"]>,
  Fits<made.TaskRow["kind"], ours.TaskRow["kind"]>,
];
