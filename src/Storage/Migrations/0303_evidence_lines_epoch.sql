-- Who earned in an epoch, page by page.
create index lines_epoch_idx on evidence.lines (network_id, epoch, class, device_id, rule);
