# ipw::llama, from a system installation, else the pinned static libraries that ./dev setup built under IPW_CACHE.
find_package(llama CONFIG QUIET)
if(llama_FOUND)
  add_library(ipw::llama INTERFACE IMPORTED)
  target_link_libraries(ipw::llama INTERFACE llama)
  set(IpwLlama_FOUND TRUE)
  return()
endif()

include(IpwCache)
set(LLAMA_DIR ${IPW_CACHE}/llama.cpp-${IPW_LLAMA_VERSION})
set(llama_archives)
# In the order in which a static link needs them: a user before what it uses.
foreach(name llama ggml ggml-cpu ggml-base)
  file(GLOB_RECURSE llama_archive_${name} ${LLAMA_DIR}/build/lib${name}.a)
  list(APPEND llama_archives ${llama_archive_${name}})
endforeach()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(IpwLlama
  REQUIRED_VARS llama_archive_llama llama_archive_ggml llama_archive_ggml-cpu llama_archive_ggml-base
  REASON_FAILURE_MESSAGE "llama.cpp is neither installed nor built in ${LLAMA_DIR}: ./dev setup builds it")
if(IpwLlama_FOUND)
  add_library(ipw::llama INTERFACE IMPORTED)
  target_include_directories(ipw::llama SYSTEM INTERFACE ${LLAMA_DIR}/include ${LLAMA_DIR}/ggml/include)
  target_link_libraries(ipw::llama INTERFACE ${llama_archives} Threads::Threads ${CMAKE_DL_LIBS})
endif()
