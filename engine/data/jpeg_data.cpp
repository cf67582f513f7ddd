#include "engine/data/jpeg_data.h"

#include <csetjmp>
#include <cstdio>  // before jpeglib.h, which does not include it itself
//
#include <jpeglib.h>
//
#include <jerror.h>

#include <array>

namespace pare::engine {
namespace {

// libjpeg's handler of errors, which it finds at the beginning of what it is given.
struct Listener {
  jpeg_error_mgr base;
  std::jmp_buf escape;
  std::array<char, JMSG_LENGTH_MAX> fault;  // "": none yet
};

Listener& listener_of(j_common_ptr state) {
  return *reinterpret_cast<Listener*>(state->err);
}

void note(j_common_ptr state) {
  Listener& listener = listener_of(state);
  if (listener.fault[0] == '\0') state->err->format_message(state, listener.fault.data());
}

constexpr int kPadding = 64;  // bytes too many that some camera or editor may leave behind

void on_message(j_common_ptr state, int level) {
  const jpeg_error_mgr& said = *state->err;
  const bool padded = said.msg_code == JWRN_EXTRANEOUS_DATA && said.msg_parm.i[0] <= kPadding;
  const bool of_its_header = said.msg_code == JWRN_JFIF_MAJOR || said.msg_code == JWRN_ADOBE_XFORM;
  if (level < 0 && !padded && !of_its_header) note(state);
}

[[noreturn]] void on_error(j_common_ptr state) {
  note(state);
  std::longjmp(listener_of(state).escape, 1);
}

// Nothing with a destructor lives in here: an error jumps out of it.
void read_all(std::span<const std::uint8_t> bytes, Listener& listener) {
  jpeg_decompress_struct jpeg;
  jpeg.err = jpeg_std_error(&listener.base);
  listener.base.emit_message = on_message;
  listener.base.error_exit = on_error;
  jpeg_create_decompress(&jpeg);
  if (setjmp(listener.escape) == 0) {
    jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
    jpeg_read_header(&jpeg, TRUE);
    jpeg_read_coefficients(&jpeg);
    jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
}

}  // namespace

std::string fault_of_jpeg_data(std::span<const std::uint8_t> bytes) {
  const bool is_jpeg = bytes.size() > 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
  if (!is_jpeg) return "";
  Listener listener{};
  read_all(bytes, listener);
  return listener.fault.data();
}

}  // namespace pare::engine
