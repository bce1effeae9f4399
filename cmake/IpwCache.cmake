# Where third-party builds and downloads live (outside the clone, keyed by version; tools/dev/common.sh has the same
# rule), and which versions they are: each NAME=value of deps/versions.sh becomes a CMake variable.
if(DEFINED ENV{IPW_CACHE})
  set(IPW_CACHE $ENV{IPW_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(IPW_CACHE $ENV{XDG_CACHE_HOME}/ipw)
else()
  set(IPW_CACHE $ENV{HOME}/.cache/ipw)
endif()

set(ipw_versions ${CMAKE_CURRENT_LIST_DIR}/../deps/versions.sh)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${ipw_versions})
file(STRINGS ${ipw_versions} ipw_pins REGEX "^IPW_[A-Za-z0-9_]+=")
foreach(pin IN LISTS ipw_pins)
  if(pin MATCHES "^([A-Za-z0-9_]+)=(.*)$")
    set(${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
  endif()
endforeach()
