import type { Requirement } from './requirement.ts';

/** What issue 3 promises: the drive, and the languages in which it is spoken to. */
export default [
  {
    id: 'drive.leaving',
    source: 'issues/3',
    behaviour:
      'with an account that is removed ends all that it gave away: shares, links, what it published; links end with the invitation of a guest, too',
  },
  {
    id: 'drive.delegation.apps',
    source: 'issues/3',
    behaviour:
      'an app acts for one account with a token of its own, known by its origin; the token is stored as a hash, ends with the session that made it and when the app is shown out; only a session makes one',
  },
  {
    id: 'drive.delegation.permissions',
    source: 'issues/3',
    behaviour: 'an app may what it was given, in one spelling, and nothing else; what is taken away is refused by the next request',
  },
  {
    id: 'drive.delegation.access-tokens',
    source: 'issues/3',
    behaviour:
      'an access token holds a part of what its maker holds, expires, is revoked by itself or its id, and ends with the permission it was made from',
  },
  {
    id: 'drive.delegation.passwords',
    source: 'issues/3',
    behaviour:
      'app passwords are shown once, labelled, for reading or writing, listed with their last use and revoked; there is no other password',
  },
  {
    id: 'drive.keyvalue.methods',
    source: 'issues/3',
    behaviour:
      'the key-value store takes every JSON value and every method of Puter’s: get, set, batches, del, incr, decr, add, update, remove, expire, list, flush',
  },
  {
    id: 'drive.keyvalue.isolation',
    source: 'issues/3',
    behaviour: 'keys are namespaced by account and app; private entries are for their own app only',
  },
  {
    id: 'drive.keyvalue.atomic',
    source: 'issues/3',
    behaviour: 'changes of parts of a value lose nothing among many at once and reach nothing but the value',
  },
  { id: 'drive.keyvalue.expiry', source: 'issues/3', behaviour: 'entries end at their time and are swept' },
  {
    id: 'drive.keyvalue.list',
    source: 'issues/3',
    behaviour: 'keys are listed by prefix, in order, in pages by cursor or offset, both ways, with totals',
  },
  {
    id: 'drive.keyvalue.limits',
    source: 'issues/3',
    behaviour: 'key 1024 bytes, value 399 KiB, a limit of bytes for each account that holds under parallel writes',
  },
  {
    id: 'drive.keyvalue.puterjs',
    source: 'issues/3',
    behaviour: 'the stock puter.js of npm uses the key-value store unchanged, with the token of a person and of an app',
  },
  {
    id: 'drive.puter.whoami',
    source: 'issues/3',
    behaviour: 'whoami answers a person in full and an app with less; refusals have Puter’s codes',
  },
  {
    id: 'drive.puter.permissions',
    source: 'issues/3',
    behaviour: 'Puter’s permission strings are granted, checked, listed and revoked over Puter’s routes',
  },
  { id: 'drive.puter.sessions', source: 'issues/3', behaviour: 'sessions and app tokens are listed and revoked over Puter’s routes' },
  {
    id: 'drive.puter.origins',
    source: 'issues/3',
    behaviour: 'pages of any origin call Puter’s routes with a token and never with a cookie',
  },
  {
    id: 'drive.puter.app-folder',
    source: 'issues/3',
    behaviour: 'an app has its folder in AppData; another app reaches it, with its files, only by permission',
  },
  { id: 'drive.puter.drivers', source: 'issues/3', behaviour: 'drivers that this node has not answer not_found' },
  {
    id: 'drive.pc2.wallet-login',
    source: 'issues/3',
    behaviour: 'PC2 hole 1 is closed: the address of a wallet without its signature never signs in',
  },
  {
    id: 'drive.pc2.app-token',
    source: 'issues/3',
    behaviour: 'PC2 hole 2 is closed: an app token is not the session and is refused wherever apps are not meant',
  },
  {
    id: 'drive.sockets.events',
    source: 'issues/3',
    behaviour: 'a stock socket.io client hears of added, updated, renamed, moved and removed items in Puter’s events, whoever caused them',
  },
  {
    id: 'drive.sockets.isolation',
    source: 'issues/3',
    behaviour: 'a socket hears nothing of other accounts; an app’s nothing that the app cannot see',
  },
  {
    id: 'drive.sockets.ended',
    source: 'issues/3',
    behaviour: 'a socket ends within seconds when its session has ended or its token was revoked',
  },
  {
    id: 'drive.sockets.strangers',
    source: 'issues/3',
    behaviour: 'sockets take tokens from pages of any origin, never cookies, and only under the node’s own names',
  },
  {
    id: 'drive.sockets.causes',
    source: 'issues/3',
    behaviour: 'an event carries the ids of the client and operation that caused it, and where the item was',
  },
  { id: 'drive.sockets.backlog', source: 'issues/3', behaviour: 'a socket that does not read is cut off before it fills the memory' },
  {
    id: 'drive.copy',
    source: 'issues/3',
    behaviour: 'a copy takes everything below along, names the same content, and leaves nothing when it fails',
  },
  { id: 'drive.attributes', source: 'issues/3', behaviour: 'programs keep small attributes about an entry' },
  { id: 'drive.folders', source: 'issues/3', behaviour: 'the folders that every drive has cannot be renamed, moved or deleted' },
  {
    id: 'drive.reach',
    source: 'issues/3',
    behaviour:
      'an account reaches its own drive and what was shared with it; an app its own folder and what it was given; nothing else exists for them',
  },
  {
    id: 'drive.ipfs.profile',
    source: 'issues/3',
    behaviour: 'files and folders, sharded ones too, have the CIDs that Kubo gives with the profile unixfs-v1-2025',
  },
  {
    id: 'drive.ipfs.publish',
    source: 'issues/3',
    behaviour:
      'a file or folder is published on purpose as a snapshot that stays while its files change or go; it can be renewed, listed and taken back',
  },
  {
    id: 'drive.ipfs.private',
    source: 'issues/3',
    behaviour: 'content that is not published is 404 whatever its CID, also after it was taken back',
  },
  {
    id: 'drive.ipfs.car',
    source: 'issues/3',
    behaviour: 'any entry is exported as a CAR file; a CAR file is imported after every block was verified, and refused whole when it lies',
  },
  {
    id: 'drive.ipfs.trustless',
    source: 'issues/3',
    behaviour: 'blocks, CAR files and IPNS records are served as the trustless gateway specification says',
  },
  {
    id: 'drive.ipfs.gateway',
    source: 'issues/3',
    behaviour: 'published files, folders and sites are served by path and by subdomain, with _redirects where the origin is isolated',
  },
  {
    id: 'drive.ipfs.origin',
    source: 'issues/3',
    behaviour: 'a published page never runs on the origin of the desktop, and a gateway host reaches nothing but the gateway',
  },
  {
    id: 'drive.ipfs.peers',
    source: 'issues/3',
    behaviour: 'other implementations fetch what is published, over HTTP and, where switched on, over bitswap',
  },
  {
    id: 'drive.search.names',
    source: 'issues/3',
    behaviour: 'files and folders are found by any part of their names, whatever case, accents and script; every sign is only a sign',
  },
  { id: 'drive.search.trash', source: 'issues/3', behaviour: 'what is in the trash, or in a folder that is, is never found' },
  {
    id: 'drive.search.isolation',
    source: 'issues/3',
    behaviour: 'a search walks through the index of its own drive only: neither answers nor their number tell what others store',
  },
  {
    id: 'drive.search.content',
    source: 'issues/3',
    behaviour: 'files are found by the words in their text, in PDF and in what cameras write into pictures, with the line where they stand',
  },
  {
    id: 'drive.derive.queue',
    source: 'issues/3',
    behaviour: 'content is looked at after it is durable, once for each content, off the way of requests; a stop or crash forgets none',
  },
  {
    id: 'drive.derive.hostile',
    source: 'issues/3',
    behaviour:
      'files are read by a process without files, network, programs and environment, bounded in time and memory; what it cannot read is told once and not tried for ever',
  },
  {
    id: 'drive.thumbnails',
    source: 'issues/3',
    behaviour: 'pictures have thumbnails made in the background or on demand; programs can give an entry another, which is made anew',
  },
  {
    id: 'drive.webdav',
    source: 'issues/3',
    behaviour: 'the drive is served by WebDAV, class 1, 2 and 3, under /dav; a delete goes to the trash, an overwrite leaves a version',
  },
  {
    id: 'drive.webdav.access',
    source: 'issues/3',
    behaviour:
      'WebDAV takes an app password or a session token and never a cookie; a password for reading writes nothing; nobody reaches the files of another',
  },
  {
    id: 'drive.webdav.hostile',
    source: 'issues/3',
    behaviour:
      'no URL, header, XML body, flood of locks or properties sent to WebDAV escapes the drive, breaks the node or fills its memory',
  },
  {
    id: 'drive.webdav.peers',
    source: 'issues/3',
    behaviour: 'litmus passes 104 of 104; rclone copies a tree of 10,000 files there and back and finds it the same',
  },
  {
    id: 'drive.webdav.properties',
    source: 'issues/3',
    behaviour: 'properties that WebDAV clients keep with a file survive rename, move, copy, trash and restart, and end with the file',
  },
  {
    id: 'drive.webdav.locks',
    source: 'issues/3',
    behaviour: 'WebDAV locks are exclusive or shared, on a place or with all below it, kept in the database, and run out by themselves',
  },
  {
    id: 'drive.uploads.parts',
    source: 'issues/3',
    behaviour:
      'a file arrives in parts, in any order and at once; a part sent again replaces the one before; the file appears whole and once, or not at all, and what was aborted or given up leaves nothing',
  },
  {
    id: 'drive.uploads.resume',
    source: 'issues/3',
    behaviour: 'what has arrived of an upload outlives a lost connection and a restart of the node; the rest is sent later',
  },
  {
    id: 'drive.uploads.batch',
    source: 'issues/3',
    behaviour:
      'POST /batch takes folders, files, shortcuts, moves and deletions in one streamed request, in order, and answers each by itself; many small files share commits',
  },
  {
    id: 'drive.uploads.signed',
    source: 'issues/3',
    behaviour: 'files are sent to URLs that carry their own proof, for one upload and until they expire',
  },
  {
    id: 'drive.links.signatures',
    source: 'issues/3',
    behaviour:
      'a signed link is for one entry, for reading or writing, and for a time; it ends with the right of its maker, with the app it was made for, and when all links are revoked',
  },
  {
    id: 'drive.puterjs',
    source: 'issues/3',
    behaviour: 'the stock puter.js, served by the node itself, reads, writes and uploads files in a browser on any origin and in Node',
  },
  {
    id: 'drive.sharing',
    source: 'issues/3',
    behaviour:
      'what is shared with an account (see, list, read, write, manage) is listed on both sides and taken back at once; nobody gives more than it has',
  },
  {
    id: 'drive.links',
    source: 'issues/3',
    behaviour:
      'a public link reads one entry and what is below it, until it expires or is revoked; a password is asked for and cannot be guessed quickly',
  },
  {
    id: 'drive.pc2',
    source: 'issues/3',
    behaviour: "PC2's endpoints for versions, storage and public files answer with its shapes, each within the caller's own drive",
  },
  {
    id: 'drive.sharing.puter',
    source: 'issues/3',
    behaviour: "Puter's /share endpoints share, list and revoke between accounts, each pair of recipient and item by itself",
  },
  {
    id: 'drive.scale.contract',
    source: 'issues/3',
    behaviour: 'the same contract suites pass on SQLite and PostgreSQL, and on local files and an S3 endpoint',
  },
  {
    id: 'drive.scale.nodes',
    source: 'issues/3',
    behaviour:
      'several nodes serve one PostgreSQL and one bucket: what is written on one is read on the others at once and wakes their windows; a node that dies takes nothing along',
  },
  {
    id: 'drive.scale.race',
    source: 'issues/3',
    behaviour: 'two nodes racing on the same names end with one winner each, no acknowledged byte lost, no dangling entry',
  },
  {
    id: 'drive.scale.objects',
    source: 'issues/3',
    behaviour: 'content in a bucket is never lost by deletions that arrive late, uploads that break off, or a bucket named by mistake',
  },
  {
    id: 'drive.scale.settings',
    source: 'issues/3',
    behaviour: 'DATABASE_URL and S3_* are checked at the start, refused with the name of the setting, and never shown or logged',
  },
  {
    id: 'drive.traversal',
    source: 'issues/3',
    behaviour: 'at least 300 spellings of a way out, in every field of every route that takes a path: no escape, no 5xx',
  },
  {
    id: 'drive.matrix',
    source: 'issues/3',
    behaviour:
      'of two accounts and an app none sees the other by path, uid, CID, signature, share, search, socket or WebDAV; generated from the route table',
  },
  {
    id: 'drive.properties',
    source: 'issues/3',
    behaviour: 'the desktop shows of a file what it was, who may use it and where it is published, and lets its owner decide each',
  },
  {
    id: 'drive.windows',
    source: 'issues/3',
    behaviour:
      'the desktop finds files by name and content, copies and pastes them, shows what others shared, all links, app passwords and apps, and offers nothing that would be refused',
  },
] satisfies Requirement[];
