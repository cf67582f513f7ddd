#include "engine/data/image_file.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

namespace pare::engine {
namespace {

using Bytes = std::span<const std::uint8_t>;

// Reads numbers at offsets; what lies beyond the end is 0 and remembered.
class View {
 public:
  View(Bytes bytes, bool little) : bytes_(bytes), little_(little) {}

  std::uint64_t number(std::uint64_t at, unsigned length) {
    if (at > bytes_.size() || bytes_.size() - at < length) {
      beyond_ = true;
      return 0;
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < length; ++i) {
      const std::uint64_t byte = bytes_[static_cast<std::size_t>(at) + i];
      value = little_ ? value | byte << (8 * i) : value << 8U | byte;
    }
    return value;
  }
  std::uint64_t u8(std::uint64_t at) { return number(at, 1); }
  std::uint64_t u16(std::uint64_t at) { return number(at, 2); }
  std::uint64_t u32(std::uint64_t at) { return number(at, 4); }
  bool has(std::uint64_t at, std::uint64_t length) const {
    return at <= bytes_.size() && bytes_.size() - at >= length;
  }
  std::string_view text(std::uint64_t at, std::uint64_t length) const {
    if (!has(at, length)) return {};
    return {reinterpret_cast<const char*>(bytes_.data()) + at, static_cast<std::size_t>(length)};
  }
  std::uint64_t size() const { return bytes_.size(); }
  bool beyond() const { return beyond_; }

 private:
  Bytes bytes_;
  bool little_;
  bool beyond_ = false;
};

// A format's own reading: facts, and whether the file has its end.
struct Seen {
  ImageFacts facts;
  bool whole = false;
};

// One entry of a TIFF directory that holds numbers.
struct TiffEntry {
  unsigned size = 0;  // of one number; 0: not one that we read
  std::uint64_t count = 0;
  std::uint64_t at = 0;  // of the first
};

// The entry of the first directory with that tag; `base`: where the TIFF begins.
std::optional<TiffEntry> tiff_entry(View& view, std::uint64_t base, unsigned tag) {
  const std::uint64_t directory = base + view.u32(base + 4);
  const std::uint64_t entries = view.u16(directory);
  for (std::uint64_t i = 0; i < entries && !view.beyond(); ++i) {
    const std::uint64_t at = directory + 2 + 12 * i;
    if (view.u16(at) != tag) continue;
    const std::uint64_t type = view.u16(at + 2);
    TiffEntry entry{type == 3   ? 2U
                    : type == 4 ? 4U
                    : type == 1 ? 1U
                                : 0U,
                    view.u32(at + 4), at + 8};
    if (entry.size * entry.count > 4) entry.at = base + view.u32(at + 8);
    return entry;
  }
  return std::nullopt;
}

std::uint64_t tiff_number(View& view, std::uint64_t base, unsigned tag, std::uint64_t absent) {
  const auto entry = tiff_entry(view, base, tag);
  if (!entry || entry->size == 0 || entry->count == 0) return absent;
  return view.number(entry->at, entry->size);
}

std::optional<View> tiff_view(Bytes bytes, std::size_t base) {
  if (bytes.size() < base + 8) return std::nullopt;
  const bool little = bytes[base] == 'I' && bytes[base + 1] == 'I';
  const bool big = bytes[base] == 'M' && bytes[base + 1] == 'M';
  View view(bytes, little);
  if ((!little && !big) || view.u16(base + 2) != 42) return std::nullopt;
  return view;
}

constexpr unsigned kOrientationTag = 274;

int exif_orientation(Bytes segment) {
  constexpr std::string_view kExif("Exif\0\0", 6);
  if (View(segment, false).text(0, kExif.size()) != kExif) return 1;
  auto view = tiff_view(segment, kExif.size());
  if (!view) return 1;
  const auto value = tiff_number(*view, kExif.size(), kOrientationTag, 1);
  return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

bool is_frame(unsigned marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// Where the entropy-coded data from `at` on end: at the next marker that is no restart.
std::size_t end_of_scan(Bytes bytes, std::size_t at) {
  while (at + 1 < bytes.size()) {
    const void* found = std::memchr(bytes.data() + at, 0xFF, bytes.size() - at - 1);
    if (found == nullptr) return bytes.size();
    at = static_cast<std::size_t>(static_cast<const std::uint8_t*>(found) - bytes.data());
    const unsigned next = bytes[at + 1];
    const bool restarts = next >= 0xD0 && next <= 0xD7;
    if (next != 0 && next != 0xFF && !restarts) return at;
    at += next == 0xFF ? 1 : 2;
  }
  return bytes.size();
}

Seen jpeg(Bytes bytes) {
  Seen seen;
  seen.facts.format = "JPEG";
  View view(bytes, false);
  for (std::size_t at = 2; at + 1 < bytes.size();) {
    const unsigned marker = bytes[at + 1];
    if (bytes[at] != 0xFF || marker == 0xFF) {  // fill bytes, or rubbish between segments
      ++at;
      continue;
    }
    at += 2;
    if (marker == 0xD9) {
      seen.whole = seen.facts.channels > 0;
      return seen;
    }
    if (marker == 0x01 || (marker >= 0xD0 && marker <= 0xD8)) continue;  // no length behind them
    const std::uint64_t length = view.u16(at);
    if (length < 2 || !view.has(at, length)) return seen;
    if (is_frame(marker)) {
      seen.facts.bits = static_cast<int>(view.u8(at + 2));
      seen.facts.height = static_cast<std::int64_t>(view.u16(at + 3));
      seen.facts.width = static_cast<std::int64_t>(view.u16(at + 5));
      seen.facts.channels = static_cast<int>(view.u8(at + 7));
    }
    const std::size_t body = static_cast<std::size_t>(length);
    if (marker == 0xE1 && seen.facts.orientation == 1) {
      seen.facts.orientation = exif_orientation(bytes.subspan(at + 2, body - 2));
    }
    at += body;
    if (marker == 0xDA) at = end_of_scan(bytes, at);
  }
  return seen;
}

Seen png(Bytes bytes) {
  Seen seen;
  View view(bytes, false);
  const auto color = static_cast<int>(view.u8(25));
  seen.facts = {.format = "PNG",
                .height = static_cast<std::int64_t>(view.u32(20)),
                .width = static_cast<std::int64_t>(view.u32(16)),
                .channels = color == 0 || color == 4 ? 1 : 3,
                .bits = static_cast<int>(view.u8(24)),
                .alpha = color == 4 || color == 6};
  for (std::uint64_t at = 8; view.has(at, 12);) {
    const std::uint64_t length = view.u32(at);
    const std::string_view type = view.text(at + 4, 4);
    if (!view.has(at, 12 + length)) return seen;
    if (type == "IEND") {
      seen.whole = true;
      return seen;
    }
    at += 12 + length;
  }
  return seen;
}

Seen bmp(Bytes bytes) {
  Seen seen;
  View view(bytes, true);
  const auto side = [&](std::uint64_t at) {
    return std::abs(std::int64_t{static_cast<std::int32_t>(view.u32(at))});
  };
  const auto bits = view.u16(28);
  seen.facts = {.format = "BMP", .height = side(22), .width = side(18), .channels = 3, .bits = 8};
  if (view.u32(14) < 40) {  // a header of OS/2: left to OpenCV
    seen.facts.height = seen.facts.width = 0;
    seen.whole = true;
    return seen;
  }
  const bool packed = view.u32(30) == 1 || view.u32(30) == 2;  // run lengths: no size to expect
  const std::uint64_t row = (static_cast<std::uint64_t>(seen.facts.width) * bits + 31) / 32 * 4;
  const std::uint64_t pixels = packed ? 1 : row * static_cast<std::uint64_t>(seen.facts.height);
  seen.whole = view.has(view.u32(10), pixels);
  return seen;
}

Seen webp(Bytes bytes) {
  Seen seen;
  seen.facts.format = "WebP";
  seen.facts.channels = 3;
  seen.facts.bits = 8;
  View view(bytes, true);
  const std::string_view kind = view.text(12, 4);
  if (kind == "VP8X") {
    seen.facts.width = static_cast<std::int64_t>(view.number(24, 3)) + 1;
    seen.facts.height = static_cast<std::int64_t>(view.number(27, 3)) + 1;
    seen.facts.alpha = (view.u8(20) & 0x10U) != 0;
  } else if (kind == "VP8L") {
    const std::uint64_t packed = view.u32(21);
    seen.facts.width = static_cast<std::int64_t>(packed & 0x3FFFU) + 1;
    seen.facts.height = static_cast<std::int64_t>(packed >> 14U & 0x3FFFU) + 1;
    seen.facts.alpha = (packed >> 28U & 1U) != 0;
  } else if (kind == "VP8 ") {
    seen.facts.width = static_cast<std::int64_t>(view.u16(26) & 0x3FFFU);
    seen.facts.height = static_cast<std::int64_t>(view.u16(28) & 0x3FFFU);
  }
  seen.whole = view.has(8, view.u32(4)) && !view.beyond();
  return seen;
}

// Whether all the strips or tiles of the first image are there.
bool has_parts(View& view, unsigned offsets_tag, unsigned sizes_tag) {
  const auto offsets = tiff_entry(view, 0, offsets_tag);
  const auto sizes = tiff_entry(view, 0, sizes_tag);
  if (!offsets || !sizes || offsets->size == 0 || sizes->size == 0) return false;
  for (std::uint64_t i = 0; i < std::min(offsets->count, sizes->count); ++i) {
    const std::uint64_t at = view.number(offsets->at + i * offsets->size, offsets->size);
    const std::uint64_t size = view.number(sizes->at + i * sizes->size, sizes->size);
    if (view.beyond() || !view.has(at, size)) return false;
  }
  return true;
}

Seen tiff(Bytes bytes) {
  constexpr unsigned kWidth = 256, kHeight = 257, kBits = 258, kSamples = 277;
  Seen seen;
  auto view = tiff_view(bytes, 0);
  if (!view) return seen;
  seen.facts = {.format = "TIFF",
                .height = static_cast<std::int64_t>(tiff_number(*view, 0, kHeight, 0)),
                .width = static_cast<std::int64_t>(tiff_number(*view, 0, kWidth, 0)),
                .channels = static_cast<int>(tiff_number(*view, 0, kSamples, 1)),
                .bits = static_cast<int>(tiff_number(*view, 0, kBits, 8))};
  seen.facts.orientation = static_cast<int>(tiff_number(*view, 0, kOrientationTag, 1));
  seen.whole = has_parts(*view, 273, 279) || has_parts(*view, 324, 325);
  return seen;
}

std::optional<Seen> seen_in(Bytes bytes) {
  const View view(bytes, false);
  if (view.text(0, 3) == "\xFF\xD8\xFF") return jpeg(bytes);
  if (view.text(0, 8) == "\x89PNG\r\n\x1A\n") return png(bytes);
  if (view.text(0, 4) == "RIFF" && view.text(8, 4) == "WEBP") return webp(bytes);
  if (view.text(0, 4) == std::string_view("II*\0", 4) ||
      view.text(0, 4) == std::string_view("MM\0*", 4)) {
    return tiff(bytes);
  }
  if (view.text(0, 2) == "BM" && view.has(0, 26)) return bmp(bytes);
  return std::nullopt;
}

}  // namespace

Result<ImageFacts> image_facts(Bytes bytes, const std::string& name) {
  const auto refused = [&](const std::string& why) {
    return Error{ErrorCode::kInvalidArgument,
                 name + " (" + std::to_string(bytes.size()) + " bytes) " + why};
  };
  if (bytes.empty()) return refused("is empty");
  const auto seen = seen_in(bytes);
  if (!seen) return ImageFacts{};
  const ImageFacts& facts = seen->facts;
  if (!seen->whole) return refused("is a " + facts.format + " that breaks off: its end is missing");
  if (facts.width > 0 && facts.height > kMostPixels / facts.width) {
    return refused("claims " + std::to_string(facts.width) + " x " + std::to_string(facts.height) +
                   " pixels, more than " + std::to_string(kMostPixels));
  }
  return facts;
}

void OddImages::add(const std::string& name, const ImageFacts& facts) {
  const auto count = [&](const char* what) {
    Kind& kind = kinds_[what];
    if (kind.count++ == 0) kind.first = name;
  };
  if (facts.orientation > 1) count("turned upright as the file's orientation says");
  if (facts.channels == 1) count("grey: the same in all three channels");
  if (facts.channels == 4 && facts.format == "JPEG") count("in CMYK: turned into RGB");
  if (facts.bits > 8) count("of more than 8 bits a channel: the upper 8 are used");
  if (facts.alpha || (facts.channels == 4 && facts.format == "TIFF")) {
    count("with transparency: it is ignored");
  }
}

std::vector<std::string> OddImages::notes() const {
  std::vector<std::string> notes;
  for (const auto& [what, kind] : kinds_) {
    notes.push_back(std::to_string(kind.count) + (kind.count == 1 ? " image " : " images ") + what +
                    (kind.count == 1 ? " (" : " (such as ") + kind.first + ")");
  }
  return notes;
}

}  // namespace pare::engine
