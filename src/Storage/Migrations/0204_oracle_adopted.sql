-- How far this operator has put the proofs of a departed operator's lane into its own: see docs/decisions/0007.
alter table oracle.lanes add column adopted_height bigint not null default 0 check (adopted_height >= 0);
