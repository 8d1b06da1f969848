# What `cmake --install` brings beside the plugins (src/insitu/legacy): bin, and share/nakfield,
# which has the scripts as they lie in scripts/, with materials and decks.
set(docs ${CMAKE_INSTALL_DOCDIR})
install(TARGETS nakfield RUNTIME)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/links)
foreach(name nakfield-insitu nakfield-plot) # they look for what is beside them after their link is followed
  file(RELATIVE_PATH way ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_DATADIR}/nakfield/${name})
  file(CREATE_LINK ${way} ${PROJECT_BINARY_DIR}/links/${name} SYMBOLIC)
  install(FILES ${PROJECT_BINARY_DIR}/links/${name} DESTINATION ${CMAKE_INSTALL_BINDIR})
endforeach()
file(GLOB programs scripts/plot*.py)
install(PROGRAMS ${programs} scripts/movie.py scripts/nakfield-insitu scripts/nakfield-plot
        scripts/packaging/smoke DESTINATION ${NAK_DATA})
install(FILES scripts/common.sh DESTINATION ${NAK_DATA})
install(DIRECTORY inputs/materials scripts/catalyst scripts/paraview scripts/python scripts/slurm
        DESTINATION ${NAK_DATA} USE_SOURCE_PERMISSIONS PATTERN __pycache__ EXCLUDE)
install(DIRECTORY inputs/ DESTINATION ${NAK_DATA}/decks PATTERN materials EXCLUDE)
install(FILES README.md CHANGELOG.md LICENSE DESTINATION ${docs})
install(DIRECTORY docs DESTINATION ${docs} PATTERN "*.1" EXCLUDE PATTERN site EXCLUDE PATTERN conf.py EXCLUDE
        PATTERN index.md EXCLUDE)
install(FILES docs/nakfield.1 docs/nakfield-insitu.1 docs/nakfield-plot.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)

# Made of what the program says: a JSON Schema of decks for editors, and the completion.
if(NAK_COMPLETION AND NOT CMAKE_CROSSCOMPILING)
  set(made ${PROJECT_BINARY_DIR}/completion)
  add_custom_command(
    OUTPUT ${made}/nakfield ${made}/deck.schema.json
    COMMAND ${CMAKE_COMMAND} -E env OMPI_MCA_mca_base_component_show_load_errors=0
            $<TARGET_FILE:nakfield> --help-deck=json > ${made}/deck.schema.json
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/scripts/make_completion $<TARGET_FILE:nakfield>
            ${PROJECT_SOURCE_DIR}/inputs/materials > ${made}/nakfield
    DEPENDS nakfield scripts/make_completion VERBATIM)
  file(MAKE_DIRECTORY ${made})
  add_custom_target(completion ALL DEPENDS ${made}/nakfield)
  install(FILES ${made}/nakfield DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
  install(FILES ${made}/deck.schema.json DESTINATION ${NAK_DATA})
endif()
