// What the heads with anchors share: per stride one convolution that predicts box, objectness and
// classes for each of its anchors, decoded inside the model into one output of rows of 5 + classes
// columns: centre and size in pixels of the input, objectness, scores.  Private to engine/heads.
//
// With s a sigmoid: x = (reach * s + column - (reach - 1) / 2) * stride.  Rows go stride by stride,
// within a stride by anchor and then row-major by cell, or by cell and then by anchor.
//
// Recognised by what the numbers are (TailTracer), however they are written and laid out
// (RowLayout).  Anchors, reach and strides are read off them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/heads/head.h"

namespace pare::engine {

enum class AnchorForm : std::uint8_t {
  kSquare,  // w = (2 s)^2 * anchor
  kExp,     // w = exp(raw) * anchor
};

// A head of this form.
HeadDef anchor_rows_head(std::string_view name, AnchorForm form);

Result<HeadMatch> recognise_anchor_rows(const std::string& head, AnchorForm form,
                                        const Graph& graph, const Observation& observed);
Result<Graph> attach_anchor_rows(Graph body, const HeadMatch& match, AnchorForm form);
std::vector<ChannelRange> roles_of_anchors(const HeadMatch& match, const HeadLevel& level,
                                           AnchorForm form);

// HeadDef::decode and classes.
HeadDecoder decoder_of_anchor_rows(std::string_view head);
int classes_of_anchor_rows(std::span<const Tensor> outputs);

}  // namespace pare::engine
