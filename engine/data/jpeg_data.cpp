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

// What is wrong with a file, as far as `work` reads it.  Nothing with a destructor lives in here,
// or in `work`: an error jumps out of it.
template <typename Work>
std::string fault_met_by(std::span<const std::uint8_t> bytes, const Work& work) {
  Listener listener{};
  jpeg_decompress_struct jpeg;
  jpeg.err = jpeg_std_error(&listener.base);
  listener.base.emit_message = on_message;
  listener.base.error_exit = on_error;
  jpeg_create_decompress(&jpeg);
  if (setjmp(listener.escape) == 0) {
    jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
    jpeg_read_header(&jpeg, TRUE);
    work(jpeg);
    jpeg_finish_decompress(&jpeg);
  }
  jpeg_destroy_decompress(&jpeg);
  return listener.fault.data();
}

}  // namespace

std::string fault_of_jpeg_data(std::span<const std::uint8_t> bytes) {
  const bool is_jpeg = bytes.size() > 3 && bytes[0] == 0xFF && bytes[1] == 0xD8 && bytes[2] == 0xFF;
  if (!is_jpeg) return "";
  return fault_met_by(bytes, [](jpeg_decompress_struct& jpeg) { jpeg_read_coefficients(&jpeg); });
}

std::string decode_jpeg(std::span<const std::uint8_t> bytes, int height, int width,
                        std::span<std::uint8_t> bgr) {
  return fault_met_by(bytes, [&](jpeg_decompress_struct& jpeg) {
    jpeg.out_color_space = JCS_EXT_BGR;
    jpeg_start_decompress(&jpeg);
    const bool as_said = jpeg.output_height == static_cast<JDIMENSION>(height) &&
                         jpeg.output_width == static_cast<JDIMENSION>(width) &&
                         jpeg.output_components == 3;
    if (!as_said) ERREXIT(&jpeg, JERR_BAD_PRECISION);
    const std::size_t row_bytes = static_cast<std::size_t>(width) * 3;
    while (jpeg.output_scanline < jpeg.output_height) {
      JSAMPROW row = bgr.data() + jpeg.output_scanline * row_bytes;
      jpeg_read_scanlines(&jpeg, &row, 1);
    }
  });
}

}  // namespace pare::engine
