-- One schema, one writer (Roles.sql grants). chain: a follower's mirror, may be dropped and rebuilt. oracle: an
-- operator's evidence and round, never rebuilt. evidence: imported, recomputed epochs. jobs: Quartz and housekeeping.
create schema chain;
create schema oracle;
create schema evidence;
create schema jobs;
