-- An equivocation is one signer's: two who sign the same two reports have a transaction each.
comment on column oracle.transmissions.subject is 'digest of the report that is attested, made final or faulty; of an equivocation its signer, left-padded';
