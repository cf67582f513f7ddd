#include "engine/pipeline/file_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pare::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

FileCard names(const std::string& text) {
  return file_card({{"names", text}});
}

TEST(FileCard, reads_what_ultralytics_writes) {
  const FileCard card = file_card({{"names", "{0: 'person', 1: \"driver's cab\", 2: 'bus'}"},
                                   {"imgsz", "[480, 640]"},
                                   {"stride", "32"},
                                   {"task", "detect"},
                                   {"args", "{'data': None, 'batch': 1}"}});
  EXPECT_THAT(card.classes, ElementsAre("person", "driver's cab", "bus"));
  EXPECT_EQ(card.size, std::pair(480, 640));
  EXPECT_EQ(card.stride, 32);
  EXPECT_EQ(card.task, "detect");
  EXPECT_THAT(card.notes, IsEmpty());
}

TEST(FileCard, reads_lists_json_and_other_keys) {
  EXPECT_THAT(names("['a', 'b']").classes, ElementsAre("a", "b"));
  EXPECT_THAT(names("('a', 'b',)").classes, ElementsAre("a", "b"));
  EXPECT_THAT(names("{\"1\": \"b\", \"0\": \"a\"}").classes, ElementsAre("a", "b"));
  EXPECT_THAT(names("['\\u00e9t\\xe9', '\xc3\xa9']").classes,
              ElementsAre("\xc3\xa9t\xc3\xa9", "\xc3\xa9"));
  EXPECT_THAT(file_card({{"class_names", "['a']"}}).classes, ElementsAre("a"));
  EXPECT_EQ(file_card({{"imgsz", "320"}}).size, std::pair(320, 320));
}

TEST(FileCard, reads_what_onnx_itself_has_for_images) {
  const FilePixels pixels = file_card({{"Image.BitmapPixelFormat", "Bgr8"},
                                       {"image.nominalpixelrange", "NominalRange_0_255"}})
                                .pixels;
  const Preprocessing how = with_pixels_as({}, pixels);
  EXPECT_FALSE(how.rgb);
  EXPECT_THAT(how.std, ElementsAre(1, 1, 1));
  const auto range = [](const char* said) {
    return file_card({{"Image.NominalPixelRange", said}}).pixels;
  };
  EXPECT_THAT(range("Normalized_0_1").std, ElementsAre(255, 255, 255));
  EXPECT_THAT(range("Normalized_1_1").mean, ElementsAre(127.5, 127.5, 127.5));
  EXPECT_FALSE(range("NominalRange_16_235").says_any());
  EXPECT_THAT(file_card({{"Image.BitmapPixelFormat", "Gray8"}}).notes,
              ElementsAre(HasSubstr("\"Image.BitmapPixelFormat\" is not understood")));
}

TEST(FileCard, reads_a_mean_and_a_deviation_of_shares) {
  const FileCard card = file_card({{"standardization_mean", "[0.5, 0.5, 0.4]"},
                                   {"standardization_std", "[0.25]"},
                                   {"model_type", "\"Segmentor\""}});
  EXPECT_THAT(card.pixels.mean, ElementsAre(127.5, 127.5, 102));
  EXPECT_THAT(card.pixels.std, ElementsAre(63.75, 63.75, 63.75));
  EXPECT_EQ(card.task, "\"Segmentor\"");
  for (const char* bad : {"[0, 1, 1]", "[1, 2]", "[nan]", "['a']", ""}) {
    const FileCard unread =
        file_card({{"standardization_mean", "[0.5]"}, {"standardization_std", bad}});
    EXPECT_FALSE(unread.pixels.says_any()) << bad;
    EXPECT_THAT(unread.notes, ElementsAre(HasSubstr("\"standardization_std\""))) << bad;
  }
}

TEST(FileCard, says_what_it_cannot_read_and_uses_none_of_it) {
  const std::string deep(400'000, '[');
  for (const std::string& text :
       {std::string("person, car"), std::string("{0: 'a', 2: 'b'}"),
        std::string("{0: 'a', 0: 'b'}"), std::string("{0: ''}"), std::string("{0: 'a\\x00'}"),
        std::string("[1, 2]"), std::string("{0: 'a'"), std::string("{}"), std::string("{-1: 'a'}"),
        std::string("{1e300: 'a'}"), std::string("['a'] ['b']"), std::string("'\\xD8"),
        std::string("['\\ud800']"), std::string(), deep}) {
    const FileCard card = names(text);
    EXPECT_THAT(card.classes, IsEmpty()) << text.substr(0, 20);
    EXPECT_THAT(card.notes, ElementsAre(HasSubstr("\"names\" is not understood")))
        << text.substr(0, 20);
  }
  for (const char* size : {"", "[]", "[0, 640]", "[1, 2, 3]", "640x480", "[nan, 4]", "1e9"}) {
    EXPECT_FALSE(file_card({{"imgsz", size}}).size) << size;
  }
}

TEST(FileCard, the_cards_classes_win_and_a_difference_is_said) {
  FileCard file = names("['short', 'spur']");
  std::vector<std::string> notes;
  EXPECT_THAT(agreed_classes({"short", "Spur"}, file, 2, notes), ElementsAre("short", "Spur"));
  EXPECT_THAT(notes,
              ElementsAre(HasSubstr("class 1 is \"Spur\" in the card and \"spur\" in the file")));
  notes.clear();
  EXPECT_THAT(agreed_classes({"short", "spur"}, file, 2, notes), ElementsAre("short", "spur"));
  EXPECT_THAT(notes, IsEmpty());
  EXPECT_THAT(agreed_classes({}, file, 2, notes), ElementsAre("short", "spur"));
  EXPECT_THAT(notes, ElementsAre(HasSubstr("are those of the file's metadata")));
  notes.clear();
  EXPECT_THAT(agreed_classes({}, file, 80, notes), IsEmpty());
  EXPECT_THAT(notes, ElementsAre(HasSubstr("names 2 classes and its network has 80")));
}

TEST(FileCard, metadata_that_the_network_contradicts_is_said) {
  const FileCard file = file_card({{"imgsz", "640"}, {"stride", "16"}, {"task", "segment"}});
  EXPECT_THAT(disagreements(file, {256, 320}, 32),
              ElementsAre(HasSubstr("images of 640x640, its input is 256x320"),
                          HasSubstr("a stride of 16, the network has one of 32"),
                          HasSubstr("its task is \"segment\"")));
  EXPECT_THAT(disagreements(file_card({{"imgsz", "[256, 320]"}, {"stride", "32"}}), {256, 320}, 32),
              IsEmpty());
}

TEST(FileCard, a_candidate_says_the_size_that_it_has) {
  EXPECT_EQ(metadata_at({{"imgsz", "[640, 640]"}, {"a", "b"}}, {320, 352}).at("imgsz"),
            "[320, 352]");
  EXPECT_EQ(metadata_at({{"imgsz", "640"}}, {640, 640}).at("imgsz"), "640");
}

}  // namespace
}  // namespace pare::engine
