// What the bytes of an image file say of it before they are decoded, and whether they are all
// there.
//
// OpenCV decodes half a JPEG as far as it goes and fills up the rest, so whole files are told from
// truncated ones here, by their own marks of an end; and a small file that claims to be a huge
// image is refused before memory is taken for it.  JPEG, PNG, BMP, WebP and TIFF are known by their
// content, whatever the file is called; other formats are left to OpenCV.
//
// Cost: one look at each segment; for a JPEG a search for its markers.  Pure.
// Sources: ITU T.81 (JPEG), W3C PNG, TIFF 6.0, RFC 9649 (WebP).
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/result.h"

namespace pare::engine {

struct ImageFacts {
  std::string format;  // "JPEG", "PNG", ...; empty: another one, of which the rest is not known
  std::int64_t height = 0;  // as stored, before any turning
  std::int64_t width = 0;
  int channels = 0;
  int bits = 0;  // of a channel
  bool alpha = false;
  int orientation = 1;  // EXIF; 1: as stored
};

// More are refused: 128 Mi pixels, 400 MB once they are decoded.
inline constexpr std::int64_t kMostPixels = std::int64_t{1} << 27;

// `name` begins every message.  Fails with kInvalidArgument on a file that is empty, truncated, or
// of more than kMostPixels.
Result<ImageFacts> image_facts(std::span<const std::uint8_t> bytes, const std::string& name);

// Counts what of many images is not plain: turned, grey, of 16 bits, transparent, CMYK.
class OddImages {
 public:
  void add(const std::string& name, const ImageFacts& facts);
  // One sentence a kind, with how many there are and one of their names.
  std::vector<std::string> notes() const;

 private:
  struct Kind {
    int count = 0;
    std::string first;
  };
  std::map<std::string, Kind> kinds_;  // by what is done with them
};

}  // namespace pare::engine
