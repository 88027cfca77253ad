analyze
    library, library_identity, library_identity_source, library_identity_history,
    compilation_track_artist, lml_resolution, library_candidate
