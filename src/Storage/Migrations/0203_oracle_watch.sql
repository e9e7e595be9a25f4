-- The bytes of an attested report, where they are known: the contract is shown two of them to prove equivocation.
alter table oracle.attestations add column report bytea check (octet_length(report) = 348); -- null: only the signature came
