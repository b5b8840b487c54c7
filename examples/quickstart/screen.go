package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// A screen shows a picture again and again: redrawn in place on a terminal, else as plain lines from time to time.
type screen struct {
	out      *os.File
	terminal bool
	colour   bool
	picture  func() []line
	board    *board

	drawn   int       // on a terminal: lines of the last frame, which the next one is drawn over
	printed int       // else: events already printed
	shown   time.Time // and when the picture was printed last
}

// A line of a picture. The style is a parameter of the terminal's "select graphic rendition", empty for none.
type line struct{ text, style string }

const (
	bold  = "1"
	red   = "31"
	green = "32"
)

func newScreen(out *os.File, b *board, picture func() []line) *screen {
	return &screen{
		out:      out,
		terminal: term.IsTerminal(int(out.Fd())),
		colour:   os.Getenv("NO_COLOR") == "",
		picture:  picture,
		board:    b,
	}
}

// run draws until ctx ends, and then once more.
func (s *screen) run(ctx context.Context) {
	draw := s.print
	if s.terminal {
		draw = s.redraw
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	s.shown = time.Now()
	for {
		draw(false)
		select {
		case <-ctx.Done():
			draw(true)
			return
		case <-tick.C:
		}
	}
}

// print writes what happened since the last time, and every few seconds and at the end the picture.
func (s *screen) print(last bool) {
	events := s.board.eventsFrom(s.printed)
	s.printed += len(events)
	for _, event := range events {
		fmt.Fprintln(s.out, event)
	}
	if !last && time.Since(s.shown) < 4*time.Second {
		return
	}
	s.shown = time.Now()
	fmt.Fprintln(s.out)
	for _, l := range s.picture() {
		fmt.Fprintln(s.out, l.text)
	}
	fmt.Fprintln(s.out)
}

// redraw writes the picture over the last one, and below it the latest events.
func (s *screen) redraw(bool) {
	width, height, err := term.GetSize(int(s.out.Fd()))
	if err != nil || width <= 0 || height <= 0 {
		width, height = 100, 24
	}
	lines := append(s.picture(), line{})
	room := min(8, max(height-len(lines)-1, 0))
	events := s.board.eventsFrom(0)
	events = events[max(0, len(events)-room):]
	for i := range room {
		if i < len(events) {
			lines = append(lines, line{text: events[i]})
		} else {
			lines = append(lines, line{})
		}
	}
	var frame strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&frame, "\x1b[%dA", s.drawn) // up to the first line of the last frame
	}
	for _, l := range lines {
		// A line that wraps would be two to move up over. \x1b[K clears what a longer one left behind.
		text := clip(l.text, width-1)
		if s.colour && l.style != "" {
			text = "\x1b[" + l.style + "m" + text + "\x1b[0m"
		}
		frame.WriteString(text + "\x1b[K\n")
	}
	s.drawn = len(lines)
	fmt.Fprint(s.out, frame.String())
}

func clip(text string, width int) string {
	if runes := []rune(text); len(runes) > max(width, 0) {
		return string(runes[:max(width, 0)])
	}
	return text
}
