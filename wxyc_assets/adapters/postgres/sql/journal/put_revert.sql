-- Records a revert before it changes anything. The revert of one that held decisions back puts them in
-- force again.
insert into library_revert (run_id, reverted_run_id, reverted_at, reverted_by, holds_back)
select
    %(run_id)s,
    %(reverted_run_id)s,
    coalesce(%(now)s::timestamptz, now()),
    %(reverted_by)s,
    not coalesce(
        (select r.holds_back from library_revert r where r.run_id = %(reverted_run_id)s), false
    )
returning holds_back
