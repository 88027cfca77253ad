-- Returns the name of each genre.
select id::text as genre_id, genre_name from genres
