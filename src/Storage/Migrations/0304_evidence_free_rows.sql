-- Rows of an epoch are written in the transaction that writes the epoch, by one writer: a look at the parent for every one of a million rows guards
-- against nothing. What the keys did when an epoch is deleted, a trigger does.
alter table evidence.leaves drop constraint leaves_network_id_epoch_fkey;
alter table evidence.tree_chunks drop constraint tree_chunks_network_id_epoch_fkey;
alter table evidence.lines drop constraint lines_network_id_epoch_fkey;
alter table evidence.verdicts drop constraint verdicts_network_id_epoch_fkey;

create function evidence.forget_epoch() returns trigger language plpgsql as $$
begin
    delete from evidence.leaves where network_id = old.network_id and epoch = old.epoch;
    delete from evidence.tree_chunks where network_id = old.network_id and epoch = old.epoch;
    delete from evidence.lines where network_id = old.network_id and epoch = old.epoch;
    delete from evidence.verdicts where network_id = old.network_id and epoch = old.epoch;
    return old;
end
$$;

create trigger epochs_forget before delete on evidence.epochs for each row execute function evidence.forget_epoch();
