package main

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// controlID is the link over which the client tells which link it has taken: the first of a server's life.
const (
	controlID = "00000000"
	idLength  = 8
)

// runLoad carries out one command that measures something; found is false for any other verb.
func (s *streams) runLoad(verb string, args []string) (result string, found bool, err error) {
	numbers := make([]int, len(args))
	for i, arg := range args {
		numbers[i], _ = strconv.Atoi(arg) // the id of a stream is none
	}
	switch verb {
	case "serve":
		return "", true, s.serve(numbers[0])
	case "sessions":
		result, err = s.sessions(numbers[0], numbers[1], numbers[2])
	case "ask":
		result, err = s.ask(args[0], numbers[1], numbers[2])
	case "answer":
		result, err = s.answer(args[0], numbers[1], numbers[2])
	case "pour":
		result, err = s.pour(args[0], numbers[1], numbers[2])
	case "drink":
		result, err = s.drink(args[0], numbers[1])
	default:
		return "", false, nil
	}
	return result, true, err
}

// serve answers each session that the client tells of with as many bytes.
func (s *streams) serve(size int) error {
	control, err := s.pool.outgoingGet(controlID)
	if err != nil {
		return err
	}
	go func() {
		id := make([]byte, idLength)
		for {
			if _, err := io.ReadFull(control.conn, id); err != nil {
				return
			}
			go s.serveOne(string(id), size)
		}
	}()
	return nil
}

func (s *streams) serveOne(id string, size int) {
	l, err := s.pool.outgoingGet(id)
	if err != nil {
		return
	}
	defer l.conn.Close()
	buffer := make([]byte, size)
	if _, err := io.ReadFull(l.conn, buffer); err != nil {
		return
	}
	l.conn.Write(buffer)
	io.Copy(io.Discard, l.conn) // until the client closes
}

// sessions has so many of them, and tells how long they took together in microseconds.
func (s *streams) sessions(workers, count, size int) (string, error) {
	if s.control.conn == nil {
		control, err := s.pool.outgoingGet(controlID)
		if err != nil {
			return "", err
		}
		s.control = control
	}
	var left atomic.Int64
	left.Store(int64(count))
	var running sync.WaitGroup
	failed := make(chan error, workers)
	startedAt := time.Now()
	for range workers {
		running.Add(1)
		go func() {
			defer running.Done()
			for left.Add(-1) >= 0 {
				if err := s.session(size); err != nil {
					failed <- err
					return
				}
			}
		}()
	}
	running.Wait()
	close(failed)
	return strconv.FormatInt(time.Since(startedAt).Microseconds(), 10), <-failed
}

func (s *streams) session(size int) error {
	l, err := s.pool.incomingGet()
	if err != nil {
		return err
	}
	defer l.conn.Close()
	if _, err := s.control.conn.Write([]byte(l.id)); err != nil {
		return err
	}
	buffer := make([]byte, size)
	if _, err := l.conn.Write(buffer); err != nil {
		return err
	}
	_, err = io.ReadFull(l.conn, buffer)
	return err
}

// ask has so many round trips, and tells how long they took in microseconds.
func (s *streams) ask(id string, times, size int) (string, error) {
	return s.timed(id, func(taken *stream) error {
		return repeat(times, func() error {
			buffer := make([]byte, size)
			if _, err := taken.Write(buffer); err != nil {
				return err
			}
			_, err := io.ReadFull(taken.reader, buffer)
			return err
		})
	})
}

func (s *streams) answer(id string, times, size int) (string, error) {
	return s.timed(id, func(taken *stream) error {
		return repeat(times, func() error {
			buffer := make([]byte, size)
			if _, err := io.ReadFull(taken.reader, buffer); err != nil {
				return err
			}
			_, err := taken.Write(buffer)
			return err
		})
	})
}

// pour writes so many bytes and tells how long it took until the peer had them, in microseconds.
func (s *streams) pour(id string, size, chunk int) (string, error) {
	return s.timed(id, func(taken *stream) error {
		buffer := make([]byte, chunk)
		err := repeat(size/chunk, func() error {
			_, err := taken.Write(buffer)
			return err
		})
		if err != nil {
			return err
		}
		_, err = taken.reader.ReadByte()
		return err
	})
}

func (s *streams) drink(id string, size int) (string, error) {
	return s.timed(id, func(taken *stream) error {
		if _, err := io.CopyN(io.Discard, taken.reader, int64(size)); err != nil {
			return err
		}
		_, err := taken.Write([]byte{0})
		return err
	})
}

func (s *streams) timed(id string, run func(*stream) error) (string, error) {
	taken, err := s.find(id)
	if err != nil {
		return "", err
	}
	startedAt := time.Now()
	err = run(taken)
	return fmt.Sprint(time.Since(startedAt).Microseconds()), err
}

func repeat(times int, run func() error) error {
	for range times {
		if err := run(); err != nil {
			return err
		}
	}
	return nil
}
