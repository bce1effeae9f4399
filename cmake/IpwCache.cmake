# Where third-party builds and downloads live: outside the clone, keyed by version (the same rule as in ./dev).
if(DEFINED ENV{IPW_CACHE})
  set(IPW_CACHE $ENV{IPW_CACHE})
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(IPW_CACHE $ENV{XDG_CACHE_HOME}/ipw)
else()
  set(IPW_CACHE $ENV{HOME}/.cache/ipw)
endif()
